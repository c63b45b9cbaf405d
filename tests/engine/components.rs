//! Components that no compiler writes.

use wasm_encoder::{
    Alias, CodeSection, Component, ComponentBuilder, ComponentExportKind, ComponentOuterAliasKind,
    ComponentType, ComponentTypeRef, DataSection, Function, FunctionSection, InstanceSection,
    InstanceType, MemorySection, MemoryType, Module, ModuleArg, ModuleSection, PrimitiveValType,
    RefType, StartSection, TableSection, TableType, TypeSection,
};

/// The export that makes a component a module.
pub(crate) const INTERFACE: &str = "kusion:module/generator@0.1.0";

type NoArguments = [(&'static str, ComponentExportKind, u32); 0];
const NO_ARGUMENTS: NoArguments = [];

/// A component that imports instances of one function and exports empty ones.
pub(crate) fn names(imports: &[&str], exports: &[&str]) -> Vec<u8> {
    let mut component = ComponentBuilder::default();
    let mut callable = InstanceType::new();
    callable.ty().function().params([("x", PrimitiveValType::U8); 0]).result(None);
    callable.export("call", ComponentTypeRef::Func(0));
    let callable = component.type_instance(None, &callable);
    for name in imports {
        component.import(*name, ComponentTypeRef::Instance(callable));
    }
    let inner = component.component(None, ComponentBuilder::default());
    let instance = component.instantiate(None, inner, NO_ARGUMENTS);
    for name in exports {
        component.export(*name, ComponentExportKind::Instance, instance, None);
    }
    component.finish()
}

/// Components nested to a depth, ten instances of the next in each: they multiply.
pub(crate) fn nested(depth: usize) -> Vec<u8> {
    fn level(depth: usize) -> ComponentBuilder {
        let mut component = ComponentBuilder::default();
        if depth > 0 {
            let inner = component.component(None, level(depth - 1));
            for _ in 0..10 {
                component.instantiate(None, inner, NO_ARGUMENTS);
            }
        }
        component
    }
    let mut component = level(depth);
    export_interface(&mut component);
    component.finish()
}

/// Components that multiply without nesting: each takes the last as an argument and gives one back that
/// instantiates it ten times.
pub(crate) fn passed_round(rounds: usize) -> Vec<u8> {
    let mut multiply = ComponentBuilder::default();
    let any = multiply.type_component(None, &ComponentType::new());
    let argument = multiply.import("one", ComponentTypeRef::Component(any));
    let mut ten = ComponentBuilder::default();
    let kind = ComponentOuterAliasKind::Component;
    let one = ten.alias(None, Alias::Outer { kind, count: 1, index: argument });
    for _ in 0..10 {
        ten.instantiate(None, one, NO_ARGUMENTS);
    }
    let ten = multiply.component(None, ten);
    multiply.export("ten", ComponentExportKind::Component, ten, None);

    let mut component = ComponentBuilder::default();
    let mut last = component.component(None, ComponentBuilder::default());
    let multiply = component.component(None, multiply);
    for _ in 0..rounds {
        let arguments = [("one", ComponentExportKind::Component, last)];
        let instance = component.instantiate(None, multiply, arguments);
        last = component.alias_export(instance, "ten", ComponentExportKind::Component);
    }
    component.instantiate(None, last, NO_ARGUMENTS);
    export_interface(&mut component);
    component.finish()
}

fn export_interface(component: &mut ComponentBuilder) {
    let empty = component.component(None, ComponentBuilder::default());
    let instance = component.instantiate(None, empty, NO_ARGUMENTS);
    component.export(INTERFACE, ComponentExportKind::Instance, instance, None);
}

/// A component that imports a component.
pub(crate) fn imports_component() -> Vec<u8> {
    let mut component = ComponentBuilder::default();
    let any = component.type_component(None, &ComponentType::new());
    component.import("acme:any/thing", ComponentTypeRef::Component(any));
    export_interface(&mut component);
    component.finish()
}

/// A component with more exports than anybody needs.
pub(crate) fn exports(count: usize) -> Vec<u8> {
    let mut component = ComponentBuilder::default();
    let inner = component.component(None, ComponentBuilder::default());
    let instance = component.instantiate(None, inner, NO_ARGUMENTS);
    for number in 0..count {
        let name = format!("acme:e{number}/x");
        component.export(name.as_str(), ComponentExportKind::Instance, instance, None);
    }
    component.finish()
}

/// A component followed by a custom section.
pub(crate) fn with_custom_section(component: &[u8], name: &str, bytes: usize) -> Vec<u8> {
    let mut added = Component::new();
    let data = vec![0_u8; bytes];
    added.section(&wasm_encoder::CustomSection { name: name.into(), data: (&data).into() });
    [component, &added.finish()[Component::HEADER.len()..]].concat()
}

/// Core modules that use what is switched off, by the name of the proposal.
pub(crate) fn proposals() -> Vec<(&'static str, Module)> {
    let plain = MemoryType {
        minimum: 1,
        maximum: None,
        memory64: false,
        shared: false,
        page_size_log2: None,
    };
    let with_memories = |types: &[MemoryType]| {
        let mut memories = MemorySection::new();
        for memory in types {
            memories.memory(*memory);
        }
        let mut module = Module::new();
        module.section(&memories);
        module
    };
    let with_code = |write: fn(&mut Function)| {
        let mut function = Function::new([]);
        write(&mut function);
        function.instructions().end();
        let mut module = functions(1);
        let mut code = CodeSection::new();
        code.function(&function);
        module.section(&code);
        module
    };
    let mut types = TypeSection::new();
    types.ty().struct_([]);
    let mut structs = Module::new();
    structs.section(&types);
    let mut tags = wasm_encoder::TagSection::new();
    tags.tag(wasm_encoder::TagType { kind: wasm_encoder::TagKind::Exception, func_type_idx: 0 });
    let mut types = TypeSection::new();
    types.ty().function([], []);
    let mut exceptions = Module::new();
    exceptions.section(&types).section(&tags);
    vec![
        ("memory64", with_memories(&[MemoryType { memory64: true, ..plain }])),
        ("threads", with_memories(&[MemoryType { shared: true, maximum: Some(1), ..plain }])),
        ("multi-memory", with_memories(&[plain, plain])),
        ("custom-page-sizes", with_memories(&[MemoryType { page_size_log2: Some(0), ..plain }])),
        ("gc", structs),
        ("exceptions", exceptions),
        (
            "tail-call",
            with_code(|function| {
                function.instructions().return_call(0);
            }),
        ),
        (
            "relaxed-simd",
            with_code(|function| {
                let mut code = function.instructions();
                code.v128_const(0).v128_const(0).i8x16_relaxed_swizzle().drop();
            }),
        ),
    ]
}

/// A core module with so many data segments.
pub(crate) fn data_segments(count: usize) -> Module {
    let mut module = memory(1);
    let mut data = DataSection::new();
    for _ in 0..count {
        data.passive([]);
    }
    module.section(&data);
    module
}

/// A core module that exports one function under so many names.
pub(crate) fn core_exports(count: usize) -> Module {
    let mut exports = wasm_encoder::ExportSection::new();
    for number in 0..count {
        exports.export(&number.to_string(), wasm_encoder::ExportKind::Func, 0);
    }
    let mut function = Function::new([]);
    function.instructions().end();
    let mut code = CodeSection::new();
    code.function(&function);
    let mut module = functions(1);
    module.section(&exports).section(&code);
    module
}

/// Components inside each other, as deep as they fit into a number of bytes.
pub(crate) fn deep(bytes: usize) -> Vec<u8> {
    // A header, then a section that holds the next component. Built from the inside, backwards.
    let mut reversed: Vec<u8> = Component::HEADER.iter().rev().copied().collect();
    while reversed.len() < bytes {
        let mut size = reversed.len();
        let mut leb = Vec::new();
        loop {
            let more = if size > 0x7F { 0x80 } else { 0 };
            leb.push(u8::try_from(size & 0x7F).unwrap() | more);
            size >>= 7;
            if more == 0 {
                break;
            }
        }
        reversed.extend(leb.iter().rev());
        reversed.push(4);
        reversed.extend(Component::HEADER.iter().rev());
    }
    reversed.reverse();
    reversed
}

/// A real component that also instantiates a core module a number of times.
pub(crate) fn with_instances(component: &[u8], module: &Module, instances: usize) -> Vec<u8> {
    const CORE_MODULE: u8 = 1;
    let index = sections(component).filter(|id| *id == CORE_MODULE).count();
    let mut added = Component::new();
    added.section(&ModuleSection(module));
    let mut section = InstanceSection::new();
    for _ in 0..instances {
        section.instantiate(u32::try_from(index).unwrap(), [("", ModuleArg::Instance(0)); 0]);
    }
    added.section(&section);
    [component, &added.finish()[Component::HEADER.len()..]].concat()
}

/// The ids of the outermost sections.
fn sections(component: &[u8]) -> impl Iterator<Item = u8> + '_ {
    let mut rest = &component[Component::HEADER.len()..];
    std::iter::from_fn(move || {
        let (id, mut after) = rest.split_first()?;
        let (mut size, mut shift) = (0_usize, 0);
        loop {
            let (byte, next) = after.split_first()?;
            size |= usize::from(byte & 0x7F) << shift;
            (shift, after) = (shift + 7, next);
            if byte & 0x80 == 0 {
                break;
            }
        }
        rest = &after[size..];
        Some(*id)
    })
}

/// A core module with a memory of so many pages.
pub(crate) fn memory(pages: u64) -> Module {
    let mut memories = MemorySection::new();
    memories.memory(MemoryType {
        minimum: pages,
        maximum: None,
        memory64: false,
        shared: false,
        page_size_log2: None,
    });
    let mut module = Module::new();
    module.section(&memories);
    module
}

/// A core module with a table of so many elements.
pub(crate) fn table(elements: u64) -> Module {
    let mut tables = TableSection::new();
    tables.table(TableType {
        element_type: RefType::FUNCREF,
        table64: false,
        minimum: elements,
        maximum: None,
        shared: false,
    });
    let mut module = Module::new();
    module.section(&tables);
    module
}

/// A core module with so many tables of no elements.
pub(crate) fn tables(count: usize) -> Module {
    let mut tables = TableSection::new();
    for _ in 0..count {
        tables.table(TableType {
            element_type: RefType::FUNCREF,
            table64: false,
            minimum: 0,
            maximum: None,
            shared: false,
        });
    }
    let mut module = Module::new();
    module.section(&tables);
    module
}

/// A core module that loops for ever as soon as it is instantiated.
pub(crate) fn start_loop() -> Module {
    let mut function = Function::new([]);
    function.instructions().loop_(wasm_encoder::BlockType::Empty).br(0).end().end();
    let mut module = functions(1);
    module.section(&StartSection { function_index: 0 });
    let mut code = CodeSection::new();
    code.function(&function);
    module.section(&code);
    module
}

/// A core module whose data lies outside of its memory.
pub(crate) fn stray_data() -> Module {
    let mut module = memory(1);
    let mut data = DataSection::new();
    data.active(0, &wasm_encoder::ConstExpr::i32_const(70_000), [1]);
    module.section(&data);
    module
}

/// A core module with so many tiny functions: small to send, long to compile.
pub(crate) fn tiny_functions(count: u32) -> Module {
    let mut function = Function::new([]);
    function.instructions().end();
    let mut module = functions(count);
    let mut code = CodeSection::new();
    for _ in 0..count {
        code.function(&function);
    }
    module.section(&code);
    module
}

/// A core module with one function of so many calculations without a branch.
pub(crate) fn huge_function(steps: u32) -> Module {
    let mut function = Function::new([(4, wasm_encoder::ValType::F64)]);
    let mut code = function.instructions();
    for step in 0..steps {
        code.local_get(step % 4).local_get((step + 1) % 4).f64_mul().local_set((step + 2) % 4);
    }
    code.end();
    let mut module = functions(1);
    let mut code = CodeSection::new();
    code.function(&function);
    module.section(&code);
    module
}

fn functions(count: u32) -> Module {
    let mut types = TypeSection::new();
    types.ty().function([], []);
    let mut functions = FunctionSection::new();
    for _ in 0..count {
        functions.function(0);
    }
    let mut module = Module::new();
    module.section(&types).section(&functions);
    module
}
