//! What a language runtime written for WASI preview 1 finds inside a component: a world in which nothing is.
//!
//! There are no files, no arguments and no environment; the clock stands still, and random numbers are what lies in
//! memory, zeros. Such a component imports nothing of WASI, does the same on every host, and cannot wait.

use wasm_encoder::{
    CodeSection, EntityType, ExportKind, ExportSection, Function, FunctionSection, ImportSection,
    InstructionSink, MemArg, MemoryType, Module, TypeSection, ValType,
};

/// The name under which such a runtime imports its world.
pub(super) const NAME: &str = "wasi_snapshot_preview1";

const SUCCESS: i32 = 0;
const BAD_DESCRIPTOR: i32 = 8;
const NOT_SUPPORTED: i32 = 52;

/// The time at which every clock stands, in nanoseconds. Go refuses to start at zero.
const NOW: i64 = 1_000_000_000;

/// What a function does.
#[derive(Clone, Copy)]
enum Answer {
    /// It does nothing and returns this.
    Return(i32),
    /// It writes zeros to its first two parameters: no arguments, no variables.
    NoTexts,
    /// It writes the time to its last parameter.
    Time,
    /// It takes everything that is written, and forgets it.
    Swallow,
    /// It ends the guest.
    End,
}

use Answer::{End, NoTexts, Return, Swallow, Time};

/// Every function of preview 1 with its parameters: `i` for 32 bits, `l` for 64.
const FUNCTIONS: [(&str, &str, Answer); 46] = [
    ("args_get", "ii", Return(SUCCESS)),
    ("args_sizes_get", "ii", NoTexts),
    ("clock_res_get", "ii", Return(NOT_SUPPORTED)),
    ("clock_time_get", "ili", Time),
    ("environ_get", "ii", Return(SUCCESS)),
    ("environ_sizes_get", "ii", NoTexts),
    ("fd_advise", "illi", Return(BAD_DESCRIPTOR)),
    ("fd_allocate", "ill", Return(BAD_DESCRIPTOR)),
    ("fd_close", "i", Return(BAD_DESCRIPTOR)),
    ("fd_datasync", "i", Return(BAD_DESCRIPTOR)),
    ("fd_fdstat_get", "ii", Return(BAD_DESCRIPTOR)),
    ("fd_fdstat_set_flags", "ii", Return(BAD_DESCRIPTOR)),
    ("fd_fdstat_set_rights", "ill", Return(BAD_DESCRIPTOR)),
    ("fd_filestat_get", "ii", Return(BAD_DESCRIPTOR)),
    ("fd_filestat_set_size", "il", Return(BAD_DESCRIPTOR)),
    ("fd_filestat_set_times", "illi", Return(BAD_DESCRIPTOR)),
    ("fd_pread", "iiili", Return(BAD_DESCRIPTOR)),
    // The end of the list of folders that a guest was given.
    ("fd_prestat_get", "ii", Return(BAD_DESCRIPTOR)),
    ("fd_prestat_dir_name", "iii", Return(BAD_DESCRIPTOR)),
    ("fd_pwrite", "iiili", Return(BAD_DESCRIPTOR)),
    ("fd_read", "iiii", Return(BAD_DESCRIPTOR)),
    ("fd_readdir", "iiili", Return(BAD_DESCRIPTOR)),
    ("fd_renumber", "ii", Return(BAD_DESCRIPTOR)),
    ("fd_seek", "ilii", Return(BAD_DESCRIPTOR)),
    ("fd_sync", "i", Return(BAD_DESCRIPTOR)),
    ("fd_tell", "ii", Return(BAD_DESCRIPTOR)),
    // Go ends with an error about the error if it cannot tell one.
    ("fd_write", "iiii", Swallow),
    ("path_create_directory", "iii", Return(NOT_SUPPORTED)),
    ("path_filestat_get", "iiiii", Return(NOT_SUPPORTED)),
    ("path_filestat_set_times", "iiiilli", Return(NOT_SUPPORTED)),
    ("path_link", "iiiiiii", Return(NOT_SUPPORTED)),
    ("path_open", "iiiiillii", Return(NOT_SUPPORTED)),
    ("path_readlink", "iiiiii", Return(NOT_SUPPORTED)),
    ("path_remove_directory", "iii", Return(NOT_SUPPORTED)),
    ("path_rename", "iiiiii", Return(NOT_SUPPORTED)),
    ("path_symlink", "iiiii", Return(NOT_SUPPORTED)),
    ("path_unlink_file", "iii", Return(NOT_SUPPORTED)),
    ("poll_oneoff", "iiii", Return(SUCCESS)),
    ("proc_exit", "i", End),
    ("proc_raise", "i", Return(NOT_SUPPORTED)),
    ("random_get", "ii", Return(SUCCESS)),
    ("sched_yield", "", Return(SUCCESS)),
    ("sock_accept", "iii", Return(NOT_SUPPORTED)),
    ("sock_recv", "iiiiii", Return(NOT_SUPPORTED)),
    ("sock_send", "iiiii", Return(NOT_SUPPORTED)),
    ("sock_shutdown", "ii", Return(NOT_SUPPORTED)),
];

/// Returns a core module that has these functions.
pub(super) fn module() -> Vec<u8> {
    let mut imports = ImportSection::new();
    imports.import("env", "memory", EntityType::Memory(memory()));
    let (mut types, mut functions) = (TypeSection::new(), FunctionSection::new());
    let (mut exports, mut code) = (ExportSection::new(), CodeSection::new());
    for (index, (name, parameters, answer)) in (0..).zip(FUNCTIONS) {
        let types_of = |word: &str| -> Vec<ValType> {
            word.chars().map(|c| if c == 'l' { ValType::I64 } else { ValType::I32 }).collect()
        };
        let results: &[ValType] = if matches!(answer, End) { &[] } else { &[ValType::I32] };
        types.ty().function(types_of(parameters), results.iter().copied());
        functions.function(index);
        exports.export(name, ExportKind::Func, index);
        code.function(&body(answer));
    }
    let mut module = Module::new();
    module.section(&types).section(&imports).section(&functions).section(&exports).section(&code);
    module.finish()
}

/// The guest's own memory.
fn memory() -> MemoryType {
    MemoryType { minimum: 0, maximum: None, memory64: false, shared: false, page_size_log2: None }
}

fn body(answer: Answer) -> Function {
    // Swallowing needs a sum and a place in the list.
    let locals = if matches!(answer, Swallow) { vec![(2, ValType::I32)] } else { Vec::new() };
    let mut function = Function::new(locals);
    let mut sink = function.instructions();
    let errno = match answer {
        Return(errno) => errno,
        NoTexts => {
            for parameter in [0, 1] {
                sink.local_get(parameter).i32_const(0).i32_store(at(0, 2));
            }
            SUCCESS
        }
        Time => {
            sink.local_get(2).i64_const(NOW).i64_store(at(0, 3));
            SUCCESS
        }
        Swallow => {
            swallow(&mut sink);
            SUCCESS
        }
        End => {
            sink.unreachable().end();
            return function;
        }
    };
    sink.i32_const(errno).end();
    function
}

/// `fd_write(fd, list, count, written)`: adds the lengths of a list of addresses and lengths.
fn swallow(sink: &mut InstructionSink<'_>) {
    const LIST: u32 = 1;
    const COUNT: u32 = 2;
    const WRITTEN: u32 = 3;
    const SUM: u32 = 4;
    const DONE: u32 = 5;
    sink.block(wasm_encoder::BlockType::Empty).loop_(wasm_encoder::BlockType::Empty);
    sink.local_get(DONE).local_get(COUNT).i32_ge_u().br_if(1);
    sink.local_get(LIST).local_get(DONE).i32_const(8).i32_mul().i32_add().i32_load(at(4, 2));
    sink.local_get(SUM).i32_add().local_set(SUM);
    sink.local_get(DONE).i32_const(1).i32_add().local_set(DONE).br(0).end().end();
    sink.local_get(WRITTEN).local_get(SUM).i32_store(at(0, 2));
}

fn at(offset: u64, align: u32) -> MemArg {
    MemArg { offset, align, memory_index: 0 }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_functions_are_distinct_and_in_a_valid_module() {
        let mut names: Vec<&str> = FUNCTIONS.iter().map(|(name, ..)| *name).collect();
        names.sort_unstable();
        names.dedup();
        assert_eq!(names.len(), FUNCTIONS.len());
        let mut validator = wasmparser::Validator::new();
        validator.validate_all(&module()).expect("the instructions fit their types");
    }
}
