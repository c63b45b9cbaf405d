// Nothing here is compiled: build.sh takes the definitions of APIs out of the modules that go.sum lists.
module kusion.io/tests/validity

go 1.26.0
