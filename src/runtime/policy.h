// When code is compiled, how often, and when it is given up. The interpreter layer asks at calls,
// loop edges and exits; the module switches it. All under the GIL.
#pragma once

#include "runtime/code_data.h"

#include <array>
#include <cstdint>
#include <string>
#include <unordered_set>

namespace pyston::runtime {

enum class CompileWhy : uint8_t {
    kCalls,   // called often
    kLoop,    // a loop is hot
    kResume,  // a generator is resumed often
    kExits,   // the version before it left too often
    kHandler, // exceptions are often handled
    kForced,  // asked for through the API
};

// --- switches
void setEnabled(bool enabled);
bool isEnabled();
// Nested: while paused nothing is compiled and nothing compiled is entered.
void pause();
void resume();
// Enabled and not paused: compiled code may be entered.
bool isActive();
// Never compile this code, and drop what is compiled / take that back.
void suppress(CodeData* data);
// At the program's end: no compiled code is entered any more, and nothing is compiled.
void endCompiling();
void unsuppress(CodeData* data);
// options().compileAfterCalls has changed.
void noticeThreshold();

// --- decisions
// Can code that has been called so many times, and no more, be compiled for its calls?
bool decidesAfter(uint32_t calls);
// A call of `data` is about to be interpreted (counts it): compile it now?
bool shouldCompileAtCall(CodeData* data);
// Is it to be compiled, anew or from its start on, in a few calls? (Not if there was no time for it
// when it was.)
bool isDue(const CodeData* data);
// The number of calls from now on of which neither this nor watchesLoopsNow() wants to know.
uint32_t callsToSkip(const CodeData* data);
void countSkippedCalls(CodeData* data, uint32_t calls);
// Are hot loops found by looking at what runs every few milliseconds, where someone can? Where few
// iterations make a loop hot all are counted.
bool samplesLoops();
// Someone looks and has found this, after `nanoseconds` without a look. Its loops are watched until
// hasSeenLoop().
void sampleLoop(CodeData* data, uint64_t nanoseconds);
// Was that enough of the loop for now?
bool hasSeenLoop(const CodeData* data);
// Should the loops of this call, which is interpreted, be watched? Watching costs about as much as
// a short iteration, so of code that is called often only the calls number 1, 2, 4, 8, ... are, and
// stand for the others: none at all if someone looks for hot loops (`areSampled`).
bool watchesLoopsNow(CodeData* data, bool areSampled);
// It will be so at the next call.
void watchLoopsNext(CodeData* data);
// An interpreted frame stands at the header `offset` of a loop of `units` code units (counts the
// edge): compile now?
bool shouldCompileAtLoop(CodeData* data, int32_t offset, uint32_t units);
// The exception of a compiled frame is about to be handled by the interpreter, from the handler at
// `offset` on (counts it): compile now, with an entry there?
bool shouldCompileAtHandler(CodeData* data, int32_t offset);
// False when nothing will ever be compiled for it: the interpreter layer then stops watching its
// loops.
bool mayCompile(const CodeData* data);

// --- actions
// Compiles; on success the new version is `current`, the one before it is retired. `osrOffset` is a
// loop header or handler that must be an entry, or -1. False (and data->failure set) when refused;
// the data is then given up unless an older version is still good.
// False also when it is compiled while the program goes on.
bool compileNow(CodeData* data, CompileWhy why, int32_t osrOffset = -1);
// What was compiled meanwhile becomes `current`.
void installFinishedCode();
// `current` leaves too often: no new activation enters it; compiled again at the next chance.
void retire(CodeData* data);
// An exit of `blob` was taken: counts it, and retires the version when a site fails often.
void countExit(CodeBlob* blob, exits::Record* record);

// An attribute's site that speculates on nothing has seen classes: compiled anew with those, a few
// times for a code object.
void useShapes(CodeData* data, int32_t offset);

// --- all code known
void registerCode(CodeData* data);
void unregisterCode(CodeData* data);
const std::unordered_set<CodeData*>& allCode();

// --- what happened
struct Statistics {
    uint64_t compilations = 0;
    uint64_t refused = 0;
    uint64_t retirements = 0;
    uint64_t compileMicroseconds = 0;
    uint64_t nativeEntries = 0;  // function starts entered through the interpreter layer
    uint64_t inlinedEntries = 0; // of these, from frames that the interpreter had inlined
    uint64_t adoptedFrames = 0;  // taken out of the interpreter's hands in the midst of a loop
    uint64_t unhookedCalls = 0;  // calls that ran without the hook
    uint64_t loopEntries = 0;    // OSR
    uint64_t handlerEntries = 0; // exceptions that were raised and handled in compiled code
    uint64_t resumeEntries = 0;  // generators resumed in compiled code
    uint64_t interpretedCalls = 0;
    uint64_t interpretedEdges = 0; // loop edges stopped at
    std::array<uint64_t, exits::kNumReasons> exits{};
};
inline Statistics& statistics() {
    static constinit Statistics instance;
    return instance;
}

} // namespace pyston::runtime
