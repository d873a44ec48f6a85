// How compiled code hands a frame back to the interpreter: a compact record per exit point, read by
// one generic routine (exits are rare; a frequent one leads to recompilation).
#pragma once

#include "support/fwd.h"

#include <cstdint>
#include <span>
#include <vector>

namespace pyston::runtime {
struct CodeData;
}

namespace pyston::exits {

enum class Reason : uint8_t {
    kGuard,       // a speculation failed: the interpreter runs the instruction at resumeOffset
    kError,       // an exception is set: the interpreter unwinds from instrOffset
    kTracing,     // the thread is traced: go on in the interpreter at resumeOffset
    kDeopt,       // a path that is not compiled
    kForced,      // -X pyston-stress-exits
    kObserved,    // no exit: code that runs here may look at the frame (RuntimeAddresses::observe)
    kRecursion,   // at an entry: the recursion limit is reached (the level is counted already); the
                  // frame's memory is complete, nothing has run: raise RecursionError, or go on at
                  // resumeOffset
    kFrameObject, // at a return: a frame object that lives on keeps the locals alive, the
                  // interpreter returns
    kProbe,       // the operands are to be looked at (hir Probe); at resumeOffset
};
inline constexpr size_t kNumReasons = static_cast<size_t>(Reason::kProbe) + 1;

// How a value is represented where it lies.
// The optional ones are NULL where a flag is 0: the k-th of a record has the k-th kBool among its
// releases.
enum class Repr : uint8_t { kObject, kInt64, kDouble, kBool, kOptionalInt64, kOptionalDouble };
inline bool isDouble(Repr repr) {
    return repr == Repr::kDouble || repr == Repr::kOptionalDouble;
}
inline bool isOptional(Repr repr) {
    return repr == Repr::kOptionalInt64 || repr == Repr::kOptionalDouble;
}

// Where a value of the frame is when the exit is taken.
struct Location {
    enum Kind : uint8_t { kGpRegister, kFpRegister, kSpill, kConst, kInFrame, kNull };
    Kind kind = kNull;
    Repr repr = Repr::kObject;
    bool incref = false;
    int32_t index = 0; // register number (hardware encoding), spill slot (8-byte units), or index
                       // into CodeBlob::constants
};

// Where an exception goes that is set at an exit. Found when the exit raises for the first time.
struct Unwinding {
    int32_t line = -1;    // of the instruction that raises, for tracebacks; -1: not known
    int32_t handler = -1; // byte offset; -1: no handler in this frame takes it
    int32_t depth = 0;    // of the stack below what the handler gets
    bool pushesLasti = false;
    uint8_t opcode = 0;          // of the instruction that raises
    const void* entry = nullptr; // of the same code, to the handler
};

// A frame that exists only when somebody looks, or an exit is taken.
struct InlinedFrame {
    const void* function = nullptr; // the function object
    runtime::CodeData* data = nullptr;
    int32_t numSlots = 0;
    int32_t stackDepth = 0;
    int32_t resumeOffset = 0;
    int32_t instrOffset = 0;
    int numValues() const { return numSlots + stackDepth; }
    bool operator==(const InlinedFrame&) const = default;
};

// With inlined frames the offsets are those of the call in the native function's own frame.
struct Record {
    Reason reason;
    uint8_t hirOpcode; // for statistics
    uint16_t stackDepth;
    int32_t resumeOffset; // bytes
    int32_t instrOffset;
    uint32_t firstLocation; // in CodeBlob::locations: numSlots + stackDepth + numReleases of them
    uint32_t numReleases;   // objects to release, and flags of optional values; and, the last of
                            // them, what is in the slots and on the stacks of inlined frames
    uint32_t firstInlined;  // in CodeBlob::inlined
    uint32_t numInlined;    // frames
    uint32_t count = 0;     // times taken
    int32_t unwinding = -1; // index into CodeBlob::unwindings, once it has raised
};

// The registers saved by an exit stub, indexed by hardware encoding, and the spill area.
struct MachineState {
    const uint64_t* gp;
    const double* fp;
    const uint64_t* spills; // slot i at spills[i]
};

} // namespace pyston::exits
