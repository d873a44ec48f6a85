#include "runtime/policy.h"

#include "build/bytecode.h"
#include "compile.h"
#include "cpython/api.h"
#include "hir/hir.h"
#include "runtime/call_sample.h"
#include "runtime/compile_batch.h"
#include "runtime/compile_budget.h"
#include "runtime/compile_thread.h"
#include "runtime/coverage.h"
#include "runtime/hotness.h"
#include "runtime/options.h"
#include "runtime/resume_points.h"
#include "support/clocks.h"

#include <algorithm>
#include <bit>
#include <cstdio>
#include <utility>

namespace pyston::runtime {
namespace {

// After a retirement the interpreter runs the code for a while, so that its caches say what has
// changed.
constexpr uint32_t kCallsAfterRetirement = 8;
constexpr uint32_t kEdgesAfterRetirement = 64;
// If there is no time to compile it anew then, that is tried again after so many calls.
constexpr uint32_t kCallsUntilNextVersion = 128;

// Calls after which code that was entered in a loop first is compiled from its start on.
constexpr uint32_t kCallsToWarmUp = 4;
// An exception costs more than a call, and what follows it runs in the interpreter: a handler is
// compiled after this fraction of the calls that compile a function.
constexpr uint32_t kHandledPerCalls = 4;
// One that is reached this much more rarely is compiled together with another.
constexpr uint32_t kHandledBeside = 8;
// Compilations, per code object, because something ran for the first time.
constexpr uint16_t kMaxColdVersions = 24;

// Compilations, per code object, for classes that were seen by code that did not speculate.
constexpr uint16_t kMaxShapeVersions = 2;
// Compilations for one site because a namespace has its name elsewhere.
constexpr uint32_t kMostMoves = 8;
// A probe looks at the operands after so many executions, fewer where code is compiled earlier;
// this many times that later the others had their time, and the code is compiled anew.
constexpr uint32_t kProbeAfter = 200;
constexpr int32_t kProbesSettle = 4;
// Compilations, per code object, that set probes.
constexpr uint16_t kMaxProbingVersions = 4;

bool enabled = false;
bool ended = false; // see endCompiling()
int pauseDepth = 0;

uint32_t edgeThreshold() {
    return options().compileAfterCalls == 0 ? 1 : options().loopEdgesBeforeOsr;
}

uint32_t handledThreshold() {
    return std::max<uint32_t>(options().compileAfterCalls / kHandledPerCalls, 1);
}

// Fewer calls than this before compilation are asked for by someone who is in a hurry.
constexpr uint32_t kFewCalls = 500;
// Fewer iterations than these before compilation are counted.
constexpr uint32_t kManyEdges = 1'000;
// After these, the next power of two might be too large.
constexpr uint32_t kManyCalls = uint32_t{1} << 30;

int32_t probeAfter() {
    return static_cast<int32_t>(std::clamp(options().compileAfterCalls / 4, 4u, kProbeAfter));
}

CompileBudget budget;

uint64_t predictedMicroseconds(const CodeData* data) {
    return data->current ? data->current->compileMicroseconds : budget.predict(data->codeUnits);
}

// Who wants things compiled early does not want them to wait.
bool economizes() {
    return options().compileAfterCalls >= kFewCalls && options().compileBudget < 100;
}

// Of that, what the program loses.
uint64_t microsecondsLost(const CodeData* data) {
    constexpr uint64_t kShareBeside = 3; // memory, caches, and what is done before and after
    return predictedMicroseconds(data) / (compilesBesideProgram() ? kShareBeside : 1);
}

bool isWithinBudget(const CodeData* data, uint64_t now) {
    return options().compileAfterCalls == 0 ||
           (compileThreadTakesJobs() &&
            budget.allows(predictedMicroseconds(data), now, options().compileBudget));
}
bool isWithinBudget(const CodeData* data) {
    return isWithinBudget(data, processCpuMicroseconds());
}

// What takes longer to compile has to be hotter. A loop is as hot as it is long: only code that is
// much larger than its loops has to wait for more iterations.
constexpr uint32_t kUnitsOfOneCall = 128;
constexpr uint32_t kUnitsPerLoopUnit = 4;
constexpr uint32_t kMaxFactor = 8;

uint32_t sizeFactor(const CodeData* data, uint32_t unitsWithout) {
    if (!economizes() || data->compilations() > 0)
        return 1;
    return std::clamp(data->codeUnits / unitsWithout, 1u, kMaxFactor);
}

uint32_t scaled(uint32_t threshold, uint32_t factor) {
    return static_cast<uint32_t>(std::min<uint64_t>(uint64_t{threshold} * factor, UINT32_MAX));
}

uint32_t callThreshold(const CodeData* data) {
    return scaled(options().compileAfterCalls, sizeFactor(data, kUnitsOfOneCall));
}

// (Calls before the first are possible: what was retired needs fewer.)
uint32_t countedCalls(const CodeData* data) {
    return data->calls - data->callsBefore;
}

// Was it retired, and is to be compiled anew in a few calls?
bool isNearNextVersion(const CodeData* data) {
    return data->compilations() > 0 &&
           countedCalls(data) + kCallsAfterRetirement >= callThreshold(data);
}

CompileBatch batch([](CodeData* data) {
    if (countedCalls(data) < callThreshold(data))
        data->callsBefore = data->calls - callThreshold(data);
    host::wakeCode(data);
});

// What has reached its threshold, but not what else it takes, asks again later: sooner when it only
// waits for company.
uint32_t untilBudget(uint32_t threshold) {
    return threshold / 2 + 1;
}
uint32_t untilBatch(uint32_t threshold) {
    return threshold / 8 + 1;
}

bool isTime(const CodeData* data, uint32_t& counter, uint32_t threshold, uint64_t now) {
    if (counter < threshold)
        return false;
    const bool is = isWithinBudget(data, now);
    if (!is)
        counter -= std::min(counter, untilBudget(threshold));
    return is;
}

// What was compiled once has been hot.
bool mustBeDense(const CodeData* data) {
    return economizes() && data->compilations() == 0;
}

// (A call takes about as long as these units. From one yield to the next, a part of a generator
// runs.)
uint32_t unitsOfOneCall(const CodeData* data) {
    constexpr uint32_t kCall = 40;
    constexpr uint32_t kResume = 10;
    constexpr uint32_t kResumes = 4;
    return data->isGenerator ? std::max(data->codeUnits / kResumes, kResume)
                             : std::max(data->codeUnits, kCall);
}

bool isTimeForCalls(CodeData* data, uint32_t threshold) {
    if (countedCalls(data) < threshold)
        return false;
    data->isDue = false; // if it is refused now, it is asked for when it is seen again
    const uint64_t now = processCpuMicroseconds();
    if (mustBeDense(data) &&
        !data->callWindow.isDense(data->calls, unitsOfOneCall(data), now, microsecondsLost(data))) {
        data->callsBefore = data->calls;
        return false;
    }
    if (!isWithinBudget(data, now)) {
        const uint32_t wait = untilBudget(threshold);
        data->callsBefore +=
            data->compilations() > 0 ? std::min(wait, kCallsUntilNextVersion) : wait;
        return false;
    }
    if (economizes() && !batch.admits(data, now)) {
        data->callsBefore += untilBatch(threshold);
        return false;
    }
    return true;
}

// (Nor is a short iteration of a loop over in less.)
constexpr uint32_t kSmallLoop = 20;

bool isTimeForLoop(CodeData* data, uint32_t threshold, uint32_t units) {
    if (data->loopEdges < threshold)
        return false;
    const uint64_t now = processCpuMicroseconds();
    if (mustBeDense(data) && !data->edgeWindow.isDense(data->allEdges, std::max(units, kSmallLoop),
                                                       now, microsecondsLost(data))) {
        data->loopEdges = 0;
        return false;
    }
    return isTime(data, data->loopEdges, threshold, now);
}

// What compiled callers read: they enter whatever is published here.
void publish(CodeData* data) {
    host::wakeCode(data);
    bool usable = isActive() && data->current && !data->suppressed;
    data->nativeEntry = usable ? data->current->entryAt(0) : nullptr;
    data->nativeFunction = data->nativeEntry ? data->current->base : nullptr;
    if (data->nativeResume != nullptr)
        forgetResumePoints();
    data->nativeResume = usable && data->isGenerator ? data->current->base : nullptr;
    host::noticeEntry(data);
}

void publishAll() {
    for (CodeData* data : allCode())
        publish(data);
}

void dropCurrent(CodeData* data) {
    if (!data->current)
        return;
    data->current->retired = true;
    data->retired.push_back(std::move(data->current));
    publish(data);
}

void addEntry(CodeData* data, int32_t offset) {
    if (std::ranges::find(data->osrOffsets, offset) == data->osrOffsets.end())
        data->osrOffsets.push_back(offset);
}

// Which entries in the midst of the code the next version has.
std::vector<int> entriesWanted(CodeData* data, CompileWhy why, int32_t offset, bool coldStart) {
    if (offset >= 0)
        addEntry(data, offset);
    if (why == CompileWhy::kHandler) {
        for (auto& [other, site] : data->sites)
            if (site.handled > handledThreshold() / kHandledBeside)
                addEntry(data, other);
    }
    if (!coldStart || data->calls > 1)
        return {data->osrOffsets.begin(), data->osrOffsets.end()};
    // A module, say: its earlier loops are over.
    std::vector<int> wanted{offset};
    if (why == CompileWhy::kHandler) {
        for (auto [other, address] : data->current->entries)
            if (other != offset)
                wanted.push_back(other);
    }
    return wanted;
}

void stopSpeculating(CodeData* data) {
    for (const build::Instr& instr : host::decode(data->code).instrs) {
        SiteProfile& site = data->sites[instr.offset];
        site.generic = true;
        std::for_each(site.shapes.begin(), site.shapes.end(),
                      [](SiteProfile::Shape& shape) { shape.entry = SiteProfile::kVaries; });
        const bool hasShapes = site.numShapes > 0 && site.guardExits == 0;
        site.width =
            std::max(site.width, hasShapes ? SiteProfile::kAnyShape : SiteProfile::kNoShapes);
    }
}

bool dumpWanted(const CodeData* data) {
    if (options().dump.empty())
        return false;
    return options().dumpFunction.empty() ||
           host::decode(data->code).name.find(options().dumpFunction) != std::string::npos;
}

void printDumps(const CompileResult& result) {
    const std::string& stages = options().dump;
    auto print = [&](const char* stage, const std::string& text) {
        if (stages.find(stage) != std::string::npos)
            std::fprintf(stderr, "%s\n", text.c_str());
    };
    print("hir", result.hir);
    print("lir", result.lir);
    print("asm", result.assembly);
}

void logCompile(const CodeData* data, const CompileResult& result, CompileWhy why,
                int32_t osrOffset, uint64_t microseconds) {
    static constexpr const char* kWhy[] = {"calls", "loop",    "resumes",
                                           "exits", "handler", "forced"};
    std::string name = host::decode(data->code).name;
    if (result.blob) {
        std::fprintf(
            stderr,
            "pyston: compiled %s (%s, version %d, loop %d): %u units to %zu bytes, %llu us\n",
            name.c_str(), kWhy[static_cast<int>(why)], data->compilations(), osrOffset,
            data->codeUnits, result.blob->size, static_cast<unsigned long long>(microseconds));
    } else {
        std::fprintf(stderr, "pyston: not compiled: %s: %s\n", name.c_str(),
                     result.failure.c_str());
    }
}

void logFailure(const CodeData* data, const exits::Record& record) {
    const std::string_view operation = hir::info(static_cast<hir::Opcode>(record.hirOpcode)).name;
    std::fprintf(stderr, "pyston: %s left at offset %d by %.*s\n",
                 host::decode(data->code).name.c_str(), record.instrOffset,
                 static_cast<int>(operation.size()), operation.data());
}

} // namespace

void setEnabled(bool on) {
    enabled = on;
    publishAll();
}

bool isEnabled() {
    return enabled;
}

void pause() {
    ++pauseDepth;
    publishAll();
}

void resume() {
    if (pauseDepth > 0)
        --pauseDepth;
    publishAll();
}

bool decidesAfter(uint32_t calls) {
    return options().compileAfterCalls <= calls;
}

bool isActive() {
    return enabled && pauseDepth == 0;
}

void suppress(CodeData* data) {
    data->suppressed = true;
    dropCurrent(data);
}

void endCompiling() {
    ended = true;
    for (CodeData* data : allCode())
        suppress(data);
}

void unsuppress(CodeData* data) {
    data->suppressed = false;
    data->failure.clear();
    publish(data);
}

void noticeThreshold() {
    publishAll();
}

bool mayCompile(const CodeData* data) {
    return !data->suppressed && data->failure.empty() && data->versions < options().maxVersions;
}

// Not while it is being compiled.
static bool mayCompileNow(const CodeData* data) {
    return mayCompile(data) && !data->isBeingCompiled;
}

bool isDue(const CodeData* data) {
    return data->isDue && isActive() && mayCompileNow(data);
}

bool shouldCompileAtCall(CodeData* data) {
    ++statistics().interpretedCalls;
    data->calls += std::min(callWeight, UINT32_MAX - data->calls);
    uint32_t threshold = callThreshold(data);
    if (data->current && data->current->coldStart)
        threshold = std::min(threshold, kCallsToWarmUp);
    return isActive() && mayCompileNow(data) && isTimeForCalls(data, threshold);
}

uint32_t callsToSkip(const CodeData* data) {
    if (data->current || options().compileAfterCalls == 0)
        return 0;
    if (data->isBeingCompiled && (!data->hasLoops || samplesLoops()))
        return UINT32_MAX; // until it is installed
    if (!mayCompile(data))
        return UINT32_MAX; // its loops are not worth watching, either
    uint32_t next = data->callsBefore + callThreshold(data);
    if (data->hasLoops && (isNearNextVersion(data) || data->watchedMagnitude < 0))
        return 0; // see watchesLoopsNow()
    if (data->hasLoops)
        next = std::min(next, std::bit_ceil(std::min(data->calls, kManyCalls) + 1));
    return next > data->calls ? next - data->calls - 1 : 0;
}

void countSkippedCalls(CodeData* data, uint32_t calls) {
    statistics().interpretedCalls += calls;
    data->calls += std::min(calls, UINT32_MAX - data->calls);
}

bool samplesLoops() {
    return options().stressTicks || (economizes() && edgeThreshold() >= kManyEdges);
}

void sampleLoop(CodeData* data, uint64_t nanoseconds) {
    data->edgeWeight = 1;
    data->loopSample.begin(nanoseconds);
}

bool hasSeenLoop(const CodeData* data) {
    return !data->loopSample.isUnderway() && !data->current;
}

bool watchesLoopsNow(CodeData* data, bool areSampled) {
    // What was compiled once, and is now to be compiled anew, is hot.
    const bool awaitsVersion = isNearNextVersion(data) && !(areSampled && data->isBeingCompiled);
    if (data->current || awaitsVersion || options().compileAfterCalls == 0) {
        data->edgeWeight = 1;
        return true;
    }
    if (areSampled)
        return data->loopSample.isUnderway();
    const int magnitude = std::bit_width(data->calls);
    if (std::exchange(data->watchedMagnitude, magnitude) == magnitude)
        return false;
    data->edgeWeight = std::max<uint32_t>(data->calls / 2, 1);
    return true;
}

void watchLoopsNext(CodeData* data) {
    data->watchedMagnitude = -1;
}

bool shouldCompileAtLoop(CodeData* data, int32_t offset, uint32_t units) {
    ++statistics().interpretedEdges;
    const uint32_t edges = data->loopSample.isUnderway()
                               ? data->loopSample.countEdge(monotonicNanoseconds())
                               : data->edgeWeight;
    data->loopEdges += std::min(edges, UINT32_MAX - data->loopEdges);
    data->allEdges += std::min(edges, UINT32_MAX - data->allEdges);
    if (!isActive() || !mayCompileNow(data) ||
        (data->current && data->current->entryAt(offset) != nullptr))
        return false;
    const uint32_t factor = sizeFactor(data, kUnitsPerLoopUnit * units);
    return isTimeForLoop(data, scaled(edgeThreshold(), factor), units);
}

bool shouldCompileAtHandler(CodeData* data, int32_t offset) {
    SiteProfile& site = data->sites[offset];
    ++site.handled;
    return isActive() && mayCompileNow(data) && data->current &&
           data->coldVersions < kMaxColdVersions &&
           isTime(data, site.handled, handledThreshold(), processCpuMicroseconds());
}

namespace {

// Installs what was compiled.
bool endCompilation(CompileJob& job) {
    CodeData* data = job.compilation.request().data;
    const uint64_t microseconds = job.compilation.microseconds();
    budget.spend(data->codeUnits, microseconds);
    statistics().compileMicroseconds = budget.spent();
    CompileResult result = job.compilation.takeResult();
    if (options().logCompiles)
        logCompile(data, result, job.why, job.osrOffset, microseconds);
    if (job.compilation.request().wantDumps)
        printDumps(result);
    if (!result.blob) {
        ++statistics().refused;
        if (result.outOfMemory && !job.compilation.request().forced) {
            // The program may have more later. (Each attempt counts as a version.)
            data->callsBefore = data->calls;
            host::wakeCode(data);
            return false;
        }
        data->failure = result.failure.empty() ? "refused" : result.failure;
        host::wakeCode(data);
        return false;
    }
    ++statistics().compilations;
    result.blob->owner = data;
    result.blob->coldStart = job.coldStart;
    result.blob->compileMicroseconds = microseconds;
    result.blob->publishedAt = processCpuMicroseconds();
    dropCurrent(data);
    data->current = std::move(result.blob);
    data->isDue = job.coldStart;
    publish(data);
    if (data->suppressed) // meanwhile
        dropCurrent(data);
    return true;
}

CompileRequest makeRequest(CodeData* data, CompileWhy why, int32_t osrOffset, bool mayBeCold,
                           bool coldStart) {
    CompileRequest request;
    request.data = data;
    request.functionEntry = !data->isGenerator && !coldStart;
    request.osrOffsets = entriesWanted(data, why, osrOffset, coldStart);
    request.leavesCold = mayBeCold;
    if (mayBeCold && data->probingVersions < kMaxProbingVersions) {
        ++data->probingVersions;
        request.probeAfter = probeAfter();
    }
    request.resumeEntries = data->isGenerator;
    request.forced = why == CompileWhy::kForced || options().compileAfterCalls == 0;
    request.wantDumps = dumpWanted(data);
    return request;
}

// Null if the code is refused.
std::unique_ptr<CompileJob> beginCompilation(CodeData* data, CompileWhy why, int32_t osrOffset) {
    const bool compilesAll = why == CompileWhy::kForced || options().compileAfterCalls == 0;
    const bool mayBeCold = !compilesAll && data->coldVersions < kMaxColdVersions;
    const bool isCold = data->current && data->current->coldStart;
    const bool entersMidway = why == CompileWhy::kLoop || (why == CompileWhy::kHandler && isCold);
    const bool coldStart =
        mayBeCold && entersMidway && !data->isGenerator && data->calls < kCallsToWarmUp;
    const bool forCold =
        why == CompileWhy::kHandler || (mayBeCold && (coldStart || data->pathWasCold || isCold));
    if (!forCold && data->versions + 1u >= options().maxVersions && data->versions > 0)
        stopSpeculating(data);
    auto job =
        std::make_unique<CompileJob>(makeRequest(data, why, osrOffset, mayBeCold, coldStart));
    job->why = why;
    job->osrOffset = osrOffset;
    job->coldStart = coldStart;
    job->forCold = forCold;
    const bool hasBegun = job->compilation.begin();
    ++(forCold ? data->coldVersions : data->versions);
    data->pathWasCold = false;
    data->knowsMoreOperands = false;
    data->localsDiffered = false;
    data->loopEdges = 0;
    batch.forget(data);
    batch.noticeCompilation(processCpuMicroseconds());
    if (!hasBegun)
        endCompilation(*job);
    return hasBegun ? std::move(job) : nullptr;
}

// (For perf, code is written where others that run lie: see code_memory.cpp.)
bool mayWait(const CompileRequest& request) {
    using Thread = Options::CompileThread;
    const Thread thread = options().compileThread;
    return !request.forced && !request.wantDumps && !options().perfMap &&
           (thread == Thread::kOn || (thread == Thread::kAuto && economizes()));
}

} // namespace

bool compileNow(CodeData* data, CompileWhy why, int32_t osrOffset) {
    if (data->isBeingCompiled) {
        finishCompileJobs();
        installFinishedCode();
    }
    if (data->suppressed || ended)
        return false;
    std::unique_ptr<CompileJob> job = beginCompilation(data, why, osrOffset);
    if (!job)
        return false;
    if (mayWait(job->compilation.request())) {
        data->isBeingCompiled = addCompileJob(job);
        if (data->isBeingCompiled)
            return false;
    }
    job->compilation.finish();
    return endCompilation(*job);
}

void installFinishedCode() {
    bool anyLoop = false;
    for (const std::unique_ptr<CompileJob>& job : takeFinishedJobs()) {
        job->compilation.request().data->isBeingCompiled = false;
        anyLoop |= endCompilation(*job) && job->why == CompileWhy::kLoop;
    }
    if (anyLoop)
        host::noticeLoopCode();
}

void retire(CodeData* data) {
    if (!data->current)
        return;
    ++statistics().retirements;
    data->isDue = true;
    dropCurrent(data);
    uint32_t calls = callThreshold(data);
    uint32_t edges = edgeThreshold();
    const uint32_t counted = calls - std::min(calls, kCallsAfterRetirement);
    data->callsBefore = data->calls - counted;
    data->loopEdges = edges - std::min(edges, kEdgesAfterRetirement);
}

namespace {

// Is it worth a compilation? Conditions of jumps alone are not.
bool isWorthCompiling(const SiteProfile& site) {
    using hir::ExactClass;
    const auto isNumber = [](ExactClass c) {
        return c == ExactClass::kInt || c == ExactClass::kFloat;
    };
    switch (site.probe) {
    case SiteProfile::Probe::kNumbers:
        return isNumber(site.operands[0]) || site.numShapes > 0;
    case SiteProfile::Probe::kSubscript:
        return site.numShapes > 0 ||
               (site.operands[0] == ExactClass::kInt &&
                (hir::holdsRawNumbers(site.operands[1]) || site.operands[1] == ExactClass::kList ||
                 site.operands[1] == ExactClass::kTuple));
    case SiteProfile::Probe::kIterator: // known ones are expected already
        return site.operands[0] == ExactClass::kUnknown;
    case SiteProfile::Probe::kTruth:
        break;
    }
    return false;
}

// A probe has looked at its operands: for the first time, or to say that the others had their time.
void countProbe(CodeBlob* blob, SiteProfile& site) {
    CodeData* data = blob->owner;
    if (!site.probed) {
        site.probed = true;
        site.probeCountdown = kProbesSettle * probeAfter();
        data->knowsMoreOperands |= isWorthCompiling(site);
        return;
    }
    site.probeCountdown = INT32_MAX;
    if (!data->knowsMoreOperands || blob->retired || data->versions >= options().maxVersions)
        return;
    // What is only to become better goes on as it is until there is time for it.
    if (!isWithinBudget(data)) {
        site.probeCountdown = 16 * probeAfter();
        return;
    }
    data->pathWasCold = true;
    retire(data);
}

} // namespace

// Compiling code again should pay: large code may be left more often before that. (An exit takes
// about as long as it takes to compile these many bytes.)
constexpr size_t kBytesPerExit = 32;
// An exit, with what follows it in the interpreter, takes about so many microseconds. Code whose
// exits at one site take more than this fraction of the program's time is no better than the
// interpreter.
constexpr uint64_t kMicrosecondsPerExit = 2;
constexpr uint64_t kExitsFraction = 32;

static uint32_t exitsBeforeRecompile(const CodeBlob* blob) {
    return std::max(
        {options().exitsBeforeRecompile, 1u, static_cast<uint32_t>(blob->size / kBytesPerExit)});
}

static bool exitsTakeLong(const CodeBlob* blob, const exits::Record& record) {
    const uint64_t microseconds = processCpuMicroseconds() - blob->publishedAt;
    return record.count * kMicrosecondsPerExit * kExitsFraction > microseconds;
}

// What failed is known of some objects of a class and not of others (where an instance has its
// attributes): more classes will not help.
static bool guardsOneObject(const exits::Record& record) {
    switch (static_cast<hir::Opcode>(record.hirOpcode)) {
    case hir::Opcode::kLoadHintedValue:
    case hir::Opcode::kStoreHintedValue:
    case hir::Opcode::kLoadInstanceValue:
    case hir::Opcode::kLoadSharedValue:
    case hir::Opcode::kGuardInstanceKeysCount:
    case hir::Opcode::kGuardNoDict:
    case hir::Opcode::kGuardFalse:
    case hir::Opcode::kGuardNotNull:
        return true;
    default:
        return false;
    }
}

// From now on, nothing is expected of where the attributes of these classes' instances are: each
// site of them would cost a version.
static void trustInstancesLess(CodeData* data, SiteProfile& failed) {
    if (failed.seesVarying())
        failed.width = SiteProfile::kNoShapes;
    for (size_t i = 0; i < failed.numShapes; ++i) {
        const uint32_t version = failed.shapes[i].version;
        varyingClasses().insert(version);
        for (auto& [offset, site] : data->sites)
            for (SiteProfile::Shape& shape : site.shapes)
                if (shape.version == version)
                    shape.entry = SiteProfile::kVaries;
    }
}

static build::Instr instrAt(const CodeData* data, int32_t offset) {
    const build::Bytecode code = host::decode(data->code);
    return code.instrs[static_cast<size_t>(code.indexOf(offset))];
}

// Whether what failed is that a local was expected to be of the class seen before, at a store to it
// or at an entry in the midst of the code. Nothing expects that of a local that varies.
static bool expectedLocal(CodeData* data, int32_t offset) {
    if (std::ranges::find(data->osrOffsets, offset) != data->osrOffsets.end())
        return data->localsDiffered;
    const build::Instr in = instrAt(data, offset);
    const auto slot = static_cast<size_t>(in.arg);
    if (in.op != build::Op::kStoreFast || slot >= data->seenLocals.size() ||
        data->seenLocals[slot].varies)
        return false;
    return data->seenLocals[slot].varies = true;
}

// Whether what failed is where a module's namespace or the builtins have a name: another was added.
// (Not where an instance has its attributes: there are many of those.)
static bool expectedName(const CodeData* data, int32_t offset, const exits::Record& record) {
    const auto opcode = static_cast<hir::Opcode>(record.hirOpcode);
    return (opcode == hir::Opcode::kGuardDictKeysVersion ||
            opcode == hir::Opcode::kLoadDictEntry) &&
           instrAt(data, offset).feedback.kind != build::Feedback::Kind::kMethodWithDict;
}

void countExit(CodeBlob* blob, exits::Record* record) {
    ++record->count;
    ++statistics().exits[static_cast<size_t>(record->reason)];
    coverExit(record->reason, record->hirOpcode);
    if (record->reason == exits::Reason::kProbe)
        return countProbe(blob, blob->owner->sites[record->instrOffset]);
    if (record->reason != exits::Reason::kGuard && record->reason != exits::Reason::kDeopt)
        return;
    CodeData* data = blob->owner;
    // The site may be in an inlined function.
    CodeData* siteOwner = data;
    int32_t offset = record->instrOffset;
    if (record->numInlined != 0) {
        const exits::InlinedFrame& innermost =
            blob->inlined[record->firstInlined + record->numInlined - 1];
        siteOwner = innermost.data;
        offset = innermost.instrOffset;
    }
    SiteProfile& site = siteOwner->sites[offset];
    if (site.guardExits != UINT16_MAX)
        ++site.guardExits;
    const uint32_t limit = exitsBeforeRecompile(blob);
    if (blob->retired || record->count < limit)
        return;
    // Until there is time to compile it again, it may be better than the interpreter all the same.
    if (record->count % limit != 0 || (!isWithinBudget(data) && !exitsTakeLong(blob, *record)))
        return;
    // The first time that an uncompiled path turns out to be taken, the interpreter has caches for
    // it now: compile it with those. Names lie where they lie now. Any other speculation that
    // failed is given up.
    const bool pathWasCold =
        (record->reason == exits::Reason::kDeopt && site.guardExits < 2 * limit) ||
        (site.guardExits < kMostMoves * limit && expectedName(siteOwner, offset, *record));
    // What fails elsewhere too would be the next to retire the code.
    if (!pathWasCold) {
        const bool wasLocal =
            static_cast<hir::Opcode>(record->hirOpcode) == hir::Opcode::kGuardType &&
            record->numInlined == 0 && expectedLocal(data, offset);
        if (wasLocal)
            site.exitsBefore = site.guardExits;
        else
            site.speculateLess();
        if (guardsOneObject(*record))
            trustInstancesLess(siteOwner, site);
        for (auto& [otherOffset, other] : siteOwner->sites)
            if (&other != &site &&
                other.guardExits - other.exitsBefore >= static_cast<int>(limit / 8 + 1))
                other.speculateLess();
    }
    data->pathWasCold = pathWasCold;
    if (data->versions < options().maxVersions) {
        if (options().logCompiles)
            logFailure(data, *record);
        retire(data);
    } else if (record->count > 64 * limit) {
        // The last version does not speculate and still leaves all the time: the interpreter is
        // better.
        data->failure = "leaves compiled code too often";
        dropCurrent(data);
    }
}

void useShapes(CodeData* data, int32_t offset) {
    if (data->sites[offset].numShapes == 0 || data->shapeVersions >= kMaxShapeVersions ||
        data->versions + 1u >= options().maxVersions || !isWithinBudget(data))
        return;
    ++data->shapeVersions;
    retire(data);
}

namespace {
std::unordered_set<CodeData*>& codeSet() {
    static std::unordered_set<CodeData*> instance;
    return instance;
}
} // namespace

void registerCode(CodeData* data) {
    codeSet().insert(data);
}
void unregisterCode(CodeData* data) {
    codeSet().erase(data);
    batch.forget(data);
}
const std::unordered_set<CodeData*>& allCode() {
    return codeSet();
}

} // namespace pyston::runtime
