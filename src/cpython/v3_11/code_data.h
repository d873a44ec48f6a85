// CodeData in a code object's co_extra, with what only this interpreter version needs.
#pragma once

#include "cpython/v3_11/adoption.h"
#include "cpython/v3_11/entry_patch.h"
#include "cpython/v3_11/interpreter.h"
#include "runtime/call_sample.h"
#include "runtime/code_data.h"
#include "runtime/policy.h"

#include <cstdint>
#include <vector>

namespace pyston::host {

// A loop edge: a backward jump that the interpreter can be stopped at (see osr.h). Offsets in
// bytes.
struct LoopEdge {
    enum Kind : uint8_t { kAlways, kIfFalse, kIfTrue, kIfNone, kIfNotNone };
    int32_t
        patchOffset; // the instruction that is overwritten: the jump, or the comparison before it
    int32_t jumpOffset;
    int32_t target;
    int32_t next; // after the jump
    Kind kind;
    bool patched = false;
    uint8_t original = 0;     // opcode that was overwritten; valid while patched
    int8_t comparison = -1;   // Py_LT ... when the comparison before the jump is overwritten
    uint8_t operandsSeen = 0; // by that comparison: bits of OperandKind
    // Can a frame be adopted at the loop's head (adoption.h)?
    enum class Adopts : uint8_t { kUnknown, kNo, kYes, kAfterPair } adopts = Adopts::kUnknown;
};
enum OperandKind : uint8_t { kSeenInts = 1, kSeenFloats = 2, kSeenStrings = 4, kSeenOther = 8 };

// How a call makes the generator: what stands before RETURN_GENERATOR, when that is nothing out of
// the ordinary.
struct GeneratorStart {
    int32_t offset = -1; // of RETURN_GENERATOR; -1: calls leave it to the interpreter
    bool copiesFreeVars = false;
    std::vector<int> cells; // slots that get one
};

struct HostCode : runtime::CodeData {
    std::vector<LoopEdge> edges;
    std::vector<int16_t> stackDepths; // by code unit; empty until needed, see stack_depths.h
    GeneratorStart generatorStart;    // simple calls of it make a generator
    // Where exceptions go that are thrown into a suspended frame, by the offset at which it stands.
    std::unordered_map<int32_t, exits::Unwinding> thrownInto;
    // An activation of this code may be running in the interpreter out of our sight, so its loops
    // must not be patched.
    bool neverPatch = false;
    // Lies in the interpreter's own image; subinterpreters share it, and run it without the hook.
    bool isStatic = false;
    bool wakesAtExit = false;
    bool quickenedHere = false; // by us: the interpreter did not count it (sys._getquickenedcount)
    bool hasCalls = false;      // instructions that call something
    bool hasInnerCode = false;  // code objects among its constants
    bool isSampled = false;     // its loops are watched for a few iterations (ticks.h)
    Py_ssize_t referrers = 0;   // compiled versions that refer to the code
    EntryPatch entryPatch;
    Adoption adoption;
    int16_t idleCalls = 0; // as last granted, see isIdle()
    // See unhooked.h.
    uint32_t unhooksAt = 0; // calls, of those that policy counts
    uint32_t longRuns = 0;
    uint32_t unseenInRun = 0;   // an activation began in that run
    bool isCallAwaited = false; // in the next call its loops are watched
};

// Index of our co_extra slot; -1 before prepareCodeData().
extern Py_ssize_t codeExtraIndex;
bool prepareCodeData();

// Private to codeobject.c; checked by selfCheck().
struct CodeExtra {
    Py_ssize_t size;
    void* extras[1];
};

inline HostCode* findHostCode(const PyCodeObject* code) {
    auto* extra = static_cast<const CodeExtra*>(code->co_extra);
    if (extra == nullptr || extra->size <= codeExtraIndex)
        return nullptr;
    return static_cast<HostCode*>(extra->extras[codeExtraIndex]);
}
inline constexpr uint32_t kRunsUntilWarm = QUICKENING_WARMUP_DELAY;
// Has the interpreter put specialized instructions into the code? It counts co_warmup up to 0
// first, and does not look at it again.
inline bool isWarm(const PyCodeObject* code) {
    return code->co_warmup >= 0;
}
// For how many calls (resumes, of a generator) has the hook nothing to do but to let the
// interpreter run them? That is kept in the co_warmup of warm code: a call reads that part of the
// code object anyway, while HostCode would have to come from memory in a program with a flat
// profile. The lowest bit says whether they may run without the hook at all (unhooked.h), the
// others how many they are. While there are some no loop of the code is patched, and nothing
// compiled can be entered at its start (where it was left).
inline constexpr int kUnhooks = 1;
inline constexpr int kOneIdleCall = 2;
inline bool isIdle(const PyCodeObject* code) {
    return code->co_warmup > kUnhooks;
}
inline bool unhooks(const PyCodeObject* code) {
    return (code->co_warmup & kUnhooks) != 0;
}
inline void countIdleCall(PyCodeObject* code) {
    const int left = code->co_warmup - kOneIdleCall * static_cast<int>(runtime::callWeight);
    code->co_warmup = static_cast<int16_t>(left >= 0 ? left : code->co_warmup & kUnhooks);
}
inline int idleCallsLeft(const PyCodeObject* code) {
    return code->co_warmup / kOneIdleCall;
}
// Grants such calls, if policy has no use for them / takes back those that are left.
void letIdle(HostCode* data);
void wake(HostCode* data);
// Is the next call to be seen, also without the hook? (It is not idle.)
inline bool awaitsCall(const HostCode* data) {
    return data->isCallAwaited || runtime::isDue(data);
}

// How many references compiled code holds (refer() in api.h).
extern size_t referencesHeld;

// The code will not be run again: gives up what its compiled versions refer to.
void dropReferences(HostCode* data);

// Null only when out of memory (no exception is set).
HostCode* hostCode(PyCodeObject* code);
// Notes the classes of the locals: what they are likely to be again.
void lookAtLocals(runtime::CodeData* data, const Frame* frame);
// runtime::compileNow() with what the frame tells about the code's surroundings.
bool compileForFrame(HostCode* data, const Frame* frame, runtime::CompileWhy why,
                     int32_t osrOffset = -1);

} // namespace pyston::host
