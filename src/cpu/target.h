// What the rest of the compiler knows of a CPU. One instance per CPU, both always built.
#pragma once

#include "exits/exit_table.h"
#include "lir/lir.h"
#include "regalloc/regalloc.h"

#include <array>
#include <cstdint>
#include <span>
#include <string>
#include <utility>
#include <vector>

namespace pyston::cpu {

// Addresses and offsets the generated code refers to that are not in the LIR.
struct RuntimeAddresses {
    uint64_t dealloc = 0; // void (Object*)
    // Writes the frame by the exit record, then continues in the interpreter. Called by every exit
    // stub: Object* (ThreadState*, Frame*, CodeBlob*, uint32_t exitIndex, const
    // exits::MachineState*). materialize runs with the native frame alive; resume is tail-called
    // after it is torn down: Object* (ThreadState*, Frame*, uintptr_t materializeResult).
    uint64_t materialize = 0; // uintptr_t (ThreadState*, Frame*, void* blob, uint32_t exitIndex,
                              // const exits::MachineState*)
    uint64_t resume = 0;
    // Makes the frame's memory agree with the exit record, without moving references, and frees
    // `dead`, an object without references, or serves what is pending when that is null. Compiled
    // code goes on unless the result is not 0: then the exit is taken. (That failed, or it began to
    // trace this thread; no release is left whose record's reason is not tracing.)
    uint64_t observe = 0; // int (ThreadState*, Frame*, void* blob, uint32_t exitIndex,
                          // const exits::MachineState*, Object* dead)
    // Classes whose instances die without running code, where an object's class lies, and where in
    // that the function lies that frees its instances: void (Object*).
    std::array<uint64_t, 3> plainClasses{};
    int32_t classOffset = 0;
    int32_t classDeallocOffset = 0;
    // Where a frame has its locals, and the address of the instruction that it runs.
    int32_t frameSlotsOffset = 0;
    int32_t framePrevInstrOffset = 0;
    // Where the thread state has the address of its CFrame, and that the byte which says that the
    // thread is traced.
    int32_t threadCframeOffset = 0;
    int32_t cframeUseTracingOffset = 0;
    // The address of memory that holds this address, and may lie nearer; or 0. (runtime::nearCell)
    uint64_t (*nearCell)(uint64_t address) = nullptr;
};

// Position-dependent machine code for one function, not yet in executable memory.
struct EmittedCode {
    std::vector<uint8_t> bytes;
    // Entry: native offset by bytecode offset. The native function is
    //   Object* code(ThreadState*, Frame*, const void* entryAddress)
    // at offset 0: the prologue, which jumps to entryAddress.
    std::vector<std::pair<int32_t, uint32_t>> entries;
    std::vector<exits::Record> exits;
    std::vector<exits::Location> locations;
    std::vector<exits::InlinedFrame> inlined;
    std::vector<uint64_t> constants;
    uint32_t frameSize = 0;          // native frame with the return address, in bytes
    std::vector<uint8_t> unwindInfo; // DWARF call frame instructions of the function's FDE
    std::string listing;             // assembly text, when asked for
};

// What a DWARF CIE for this CPU's emitted code says.
struct UnwindFormat {
    uint16_t elfMachine;
    uint8_t codeAlignment;
    int8_t dataAlignment;
    uint8_t returnColumn;
    std::span<const uint8_t> initialInstructions;
};

struct Target {
    const char* name; // "x86_64", "aarch64"
    // Registers by hardware encoding.
    uint64_t gpAllocatable;
    uint64_t fpAllocatable;
    uint64_t gpCallerSaved; // subsets of the allocatable ones
    uint64_t fpCallerSaved;
    int gpScratch; // never allocated: free for the emitter and for cyclic moves
    int fpScratch;
    // Hold the thread state and the frame throughout; never allocated.
    int gpThreadState;
    int gpFrame;
    std::span<const int> gpArguments;
    std::span<const int> fpArguments;
    const char* (*gpName)(int);
    const char* (*fpName)(int);
    UnwindFormat unwind;
    // Emits at address `base` (the code will be copied there). `blob` is the address of the object
    // that exit stubs pass on. Never fails for verified input (were the
    // assembler to refuse an instruction, `bytes` is empty and `listing` says why).
    EmittedCode (*emit)(const lir::Function& fn, const regalloc::Allocation& allocation,
                        const RuntimeAddresses& runtime, uint64_t base, const void* blob,
                        bool wantListing);
};

const Target& x86_64();
const Target& aarch64();
const Target& hostTarget(); // the CPU that this process runs on

} // namespace pyston::cpu
