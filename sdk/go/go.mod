module kusionstack.io/kusion-sdk

go 1.24
