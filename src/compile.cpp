#include "compile.h"

#include "build/build_graph.h"
#include "cpu/target.h"
#include "cpython/api.h"
#include "lower/lower.h"
#include "passes/constants.h"
#include "passes/passes.h"
#include "regalloc/regalloc.h"
#include "runtime/code_data.h"
#include "runtime/code_memory.h"
#include "runtime/coverage.h"
#include "runtime/near_cells.h"
#include "runtime/options.h"
#include "runtime/stress.h"
#include "runtime/unwind.h"
#include "support/allocator.h"
#include "support/clocks.h"

#include <algorithm>
#include <iterator>
#include <new>
#include <unordered_set>
#include <utility>

namespace pyston {

namespace {

// Every instruction that can leave describes the whole frame. Code with thousands of values on the
// stack (an expression of thousands of terms) would take time and memory by the square of its
// length for code that runs once; it stays interpreted. In values; the largest of the standard
// library has a tenth of it.
constexpr size_t kMaxStateSize = 1'000'000;

// Compiling takes about 1.4 microseconds per byte of bytecode, whatever the size: longer code would
// make a pause of more than some 30 ms, and is compiled only when it is asked for.
constexpr size_t kMaxInstructions = 5'000;

constexpr const char* kNoMemory = "out of memory";
constexpr const char* kAborted = "given up, as -X pyston-stress-abort asks";

// Notes how long each phase takes.
class Stopwatch {
  public:
    void finish(runtime::Phase phase) {
        const uint64_t now = threadCpuMicroseconds();
        phases_[static_cast<size_t>(phase)] += static_cast<uint32_t>(now - last_);
        last_ = now;
    }
    // Goes on, perhaps on another thread.
    void restart() { last_ = threadCpuMicroseconds(); }
    const runtime::PhaseMicroseconds& phases() const { return phases_; }

  private:
    uint64_t last_ = threadCpuMicroseconds();
    runtime::PhaseMicroseconds phases_{};
};

lower::Context makeLoweringContext() {
    lower::Context context{.layout = host::layout()};
    auto address = [](const void* object) { return reinterpret_cast<uint64_t>(object); };
    context.none = address(host::none());
    context.trueObject = address(host::trueObject());
    context.falseObject = address(host::falseObject());
    for (size_t i = 1; i < hir::kNumExactClasses; ++i)
        context.classes[i] = address(host::classObject(static_cast<hir::ExactClass>(i)));
    context.generator = address(host::generatorClass());
    context.coroutine = address(host::coroutineClass());
    context.stressCounter = runtime::stressesExits() ? address(&runtime::guardsUntilExit) : 0;
    return context;
}

// Arrays are known when the first was seen.
void addArrays(lower::Context& context) {
    for (size_t i = 0; i < hir::kNumExactClasses; ++i) {
        const auto c = static_cast<hir::ExactClass>(i);
        if (hir::isArray(c) && context.arrayDescriptors[i] == 0) {
            context.classes[i] = reinterpret_cast<uint64_t>(host::classObject(c));
            context.arrayDescriptors[i] = host::arrayDescriptor(c);
        }
    }
}

// Lets passes fold constants of the interpreter.
bool registerConstants() {
    // Made now: passes may run without the GIL.
    for (size_t i = 0; i < hir::kNumExactClasses; ++i)
        host::zeroOf(static_cast<hir::ExactClass>(i));
    passes::setConstantValues({.intValue = host::intValue,
                               .floatValue = host::floatValue,
                               .zeroOf = host::zeroOf,
                               .trueObject = host::trueObject(),
                               .falseObject = host::falseObject(),
                               .none = host::none()});
    return true;
}

build::Facts makeFacts(const runtime::CodeData& data) {
    build::Facts facts;
    facts.none = host::none();
    facts.notImplemented = host::notImplemented();
    facts.globals = data.globals;
    facts.builtins = data.builtins;
    facts.exactClassOf = host::exactClassOf;
    facts.classObject = host::classObject;
    facts.classOffset = host::layout().type;
    facts.intValue = host::intValue;
    facts.floatValue = host::floatValue;
    facts.dictEntry = host::dictEntry;
    facts.dictKey = host::dictKey;
    facts.moduleInfo = host::moduleInfo;
    facts.isStableGlobal = host::isStableGlobal;
    facts.isHeldWeakly = host::isHeldWeakly;
    facts.zeroOf = host::zeroOf;
    facts.functionCode = host::functionCode;
    facts.codeInfo = host::codeInfo;
    facts.bindCall = host::bindCall;
    facts.codeData = host::codeData;
    facts.functionGlobals = host::functionGlobals;
    facts.functionBuiltins = host::functionBuiltins;
    facts.globalsOffset = host::layout().functionGlobals;
    facts.builtinsOffset = host::layout().functionBuiltins;
    facts.decode = host::decode;
    facts.isWarm = [](const runtime::CodeData* data) {
        return data->compilations() > 0 || data->calls >= runtime::options().compileAfterCalls / 4;
    };
    facts.builtinInfo = host::builtinInfo;
    facts.attributeLoad = host::attributeLoad;
    facts.attributeStore = host::attributeStore;
    facts.subscriptFunction = host::subscriptFunction;
    facts.operatorFunction = host::operatorFunction;
    facts.comparisonFunction = host::comparisonFunction;
    facts.classAttribute = host::classAttribute;
    facts.constructor = host::constructor;
    facts.knownBuiltin = host::knownBuiltin;
    facts.mathFunction = host::mathFunction;
    return facts;
}

// Byte offsets at which suspended frames continue: after the instruction that made the generator,
// and the RESUME after each yield.
void addResumePoints(const build::Bytecode& bytecode, std::vector<int>& offsets) {
    bool made = false;
    for (const build::Instr& instr : bytecode.instrs) {
        if (made || (instr.op == build::Op::kResume && instr.arg != 0))
            offsets.push_back(instr.resumeOffset);
        if (instr.op == build::Op::kSend) // what it delegated to has returned
            offsets.push_back(instr.target);
        made = instr.op == build::Op::kReturnGenerator;
    }
}

// The objects that the code refers to by address.
std::unordered_set<Object*> collectReferences(const hir::Function& fn) {
    std::unordered_set<Object*> objects;
    for (const hir::Block* block : fn.blocks())
        for (const hir::Instr* instr : block->instrs()) {
            if (instr->imm() == 0)
                continue;
            if (instr->info().imm == hir::Imm::kCode)
                objects.insert(reinterpret_cast<runtime::CodeData*>(instr->imm())->code);
            else if (instr->info().imm == hir::Imm::kObject)
                objects.insert(reinterpret_cast<Object*>(instr->imm()));
        }
    for (const hir::InlinedFunction& inlined : fn.inlined) {
        objects.insert(static_cast<Object*>(const_cast<void*>(inlined.function)));
        objects.insert(inlined.data->code);
    }
    return objects;
}

// Those that need no reference: what the code object has among its constants and names, since it
// outlives the code, and what never dies.
void dropKnownAlive(std::unordered_set<Object*>& objects, const build::Bytecode& bytecode) {
    for (const auto* owned : {&bytecode.consts, &bytecode.names})
        for (Object* object : *owned)
            objects.erase(object);
    std::erase_if(objects, [&](Object* object) {
        return object == bytecode.code || host::isPermanent(object);
    });
}

cpu::RuntimeAddresses runtimeAddresses() {
    const auto classAddress = [](hir::ExactClass c) {
        return reinterpret_cast<uint64_t>(host::classObject(c));
    };
    // The usual dead objects of unknown class.
    return {.dealloc = host::deallocAddress(),
            .materialize = host::materializeAddress(),
            .resume = host::resumeAddress(),
            .observe = host::observeAddress(),
            .plainClasses = {classAddress(hir::ExactClass::kFloat),
                             classAddress(hir::ExactClass::kInt),
                             classAddress(hir::ExactClass::kStr)},
            .classOffset = host::layout().type,
            .classDeallocOffset = host::layout().tpDealloc,
            .frameSlotsOffset = host::layout().frameSlots,
            .framePrevInstrOffset = host::layout().framePrevInstr,
            .threadCframeOffset = host::layout().threadCframe,
            .cframeUseTracingOffset = host::layout().cframeUseTracing,
            .nearCell = runtime::nearCell};
}

bool isDisabled(const passes::Pass& pass) {
    const auto& disabled = runtime::options().disabledPasses;
    return pass.optional && std::ranges::find(disabled, pass.name) != disabled.end();
}

// Reserved code memory, given back but for what is kept.
class CodeReservation {
  public:
    explicit CodeReservation(size_t size) : base_(runtime::reserveCode(size)), size_(size) {}
    ~CodeReservation() { runtime::releaseCode(base_, size_); }
    CodeReservation(const CodeReservation&) = delete;
    CodeReservation& operator=(const CodeReservation&) = delete;

    uint8_t* base() const { return base_; } // null: there was none
    void keep(size_t size) {
        base_ += size;
        size_ -= size;
    }

  private:
    uint8_t* base_;
    size_t size_;
};

// Emits to executable memory. The address decides how calls are encoded, so room is reserved by an
// upper estimate first, and what is left over is given back.
bool emitCode(const lir::Function& fn, const regalloc::Allocation& allocation,
              const CompileRequest& request, bool aborts, runtime::CodeBlob& blob,
              CompileResult& result) {
    constexpr size_t kAlign = 16;
    size_t estimate = 512;
    for (const auto& block : fn.blocks)
        estimate += 32 + 24 * block->instrs.size();
    estimate += 48 * fn.exits.size();
    for (int attempt = 0; attempt < 2; ++attempt) {
        estimate = (estimate + kAlign - 1) / kAlign * kAlign;
        CodeReservation reservation(estimate);
        uint8_t* base = reservation.base();
        if (base == nullptr) {
            result.failure = "code memory is full";
            return false;
        }
        cpu::EmittedCode code =
            cpu::hostTarget().emit(fn, allocation, runtimeAddresses(),
                                   reinterpret_cast<uint64_t>(base), &blob, request.wantDumps);
        if (code.bytes.empty()) {
            result.failure = "the assembler refused: " + code.listing;
            return false;
        }
        if (code.bytes.size() > estimate) {
            estimate = code.bytes.size();
            continue;
        }
        const size_t used = (code.bytes.size() + kAlign - 1) / kAlign * kAlign;
        if (!runtime::writeCode(base, code.bytes) || aborts) {
            result.failure = aborts ? kAborted : "code memory cannot be written";
            return false;
        }
        blob.frameSize = code.frameSize;
        for (auto [offset, native] : code.entries)
            blob.entries.emplace_back(offset, base + native);
        std::ranges::sort(blob.entries);
        blob.exits = std::move(code.exits);
        blob.locations = std::move(code.locations);
        if (blob.locations.empty()) // all records are of frames without slots: they begin somewhere
            blob.locations.emplace_back();
        blob.inlined = std::move(code.inlined);
        blob.constants = std::move(code.constants);
        result.assembly = std::move(code.listing);
        blob.base = base;
        if (request.resumeEntries)
            blob.indexEntries();
        blob.size = used;
        runtime::registerNativeCode(base, code.bytes.size(), fn.name, cpu::hostTarget().unwind,
                                    code.unwindInfo);
        reservation.keep(used); // from here on nothing can fail
        return true;
    }
    result.failure = "the code size estimate failed";
    return false;
}

} // namespace

struct Compilation::State {
    explicit State(lower::Context known) : context(std::move(known)) {}

    Stopwatch stopwatch;
    build::Bytecode bytecode;
    lower::Context context;
    std::unique_ptr<hir::Function> function;
};

Compilation::Compilation(CompileRequest request) : request_(std::move(request)) {}

Compilation::~Compilation() noexcept(false) {
    if (!kept_.empty())
        request_.data->keptForCompilation = nullptr;
    for (Object* object : std::exchange(kept_, {}))
        host::unrefer(object);
    for (Object* object : std::exchange(keptNames_, {}))
        host::forgetName(object);
}

bool Compilation::begin() {
    host::noticeCompilation();
    try {
        return build();
    } catch (const std::bad_alloc&) {
        noticeNoMemory();
        return false;
    }
}

void Compilation::noticeNoMemory() {
    result_.failure = kNoMemory;
    result_.outOfMemory = true;
}

bool Compilation::build() {
    const uint64_t start = threadCpuMicroseconds();
    const support::AllocationScope allocation;
    static const lower::Context known = makeLoweringContext();
    static const bool constantsKnown = registerConstants();
    (void)constantsKnown;
    auto state = std::make_unique<State>(known);
    addArrays(state->context);

    // The interpreter's code, with what its inline caches have seen.
    build::Bytecode& bytecode = state->bytecode = host::decode(request_.data->code);
    if (!request_.forced && bytecode.instrs.size() > kMaxInstructions) {
        result_.failure = "it is too long to be compiled without a pause";
        return false;
    }
    if (bytecode.instrs.size() * static_cast<size_t>(bytecode.numSlots + bytecode.stackSize) >
        kMaxStateSize) {
        result_.failure = "its frame states would be too large";
        return false;
    }
    build::BuildRequest buildRequest;
    buildRequest.bytecode = &bytecode;
    buildRequest.profile = request_.data;
    buildRequest.facts = makeFacts(*request_.data);
    buildRequest.probes = request_.probeAfter > 0 ? request_.data : nullptr;
    buildRequest.probeAfter = request_.probeAfter;
    buildRequest.functionEntry = request_.functionEntry;
    buildRequest.leavesCold = request_.leavesCold;
    buildRequest.entryOffsets = request_.osrOffsets;
    if (request_.resumeEntries)
        addResumePoints(bytecode, buildRequest.entryOffsets);

    // SSA, speculating on the feedback.
    state->function = build::buildGraph(buildRequest, &result_.failure);
    if (!state->function)
        return false;
    std::unordered_set<Object*> references = collectReferences(*state->function);
    dropKnownAlive(references, bytecode);
    references.insert(bytecode.code);
    kept_.reserve(references.size());
    keptNames_.reserve(references.size());
    for (Object* object : references) { // each is noted as soon as it is held
        if (host::isHeldWeakly(object)) {
            host::nameWeakly(object);
            keptNames_.push_back(object);
        } else {
            host::refer(object);
            kept_.push_back(object);
        }
    }
    request_.data->keptForCompilation = &kept_;
    state->stopwatch.finish(runtime::Phase::kBuild);
    abortAfter_ = runtime::drawAbort();
    if (aborts(runtime::Phase::kBuild))
        return false;
    state_ = std::move(state);
    microseconds_ = threadCpuMicroseconds() - start;
    return true;
}

bool Compilation::aborts(runtime::Phase phase) {
    if (abortAfter_ != phase)
        return false;
    result_.failure = kAborted;
    return true;
}

void Compilation::finish() {
    const uint64_t start = threadCpuMicroseconds();
    const support::AllocationScope allocation;
    const std::unique_ptr<State> state = std::move(state_);
    state->stopwatch.restart();
    try {
        run(*state);
    } catch (const std::bad_alloc&) {
        noticeNoMemory();
    }
    microseconds_ += threadCpuMicroseconds() - start;
}

void Compilation::run(State& state) {
    // Optimization, then reference counts and the frame's memory (see passes/pipeline.cpp).
    std::unique_ptr<hir::Function> fn = std::move(state.function);
    runtime::coverBuilt(*fn);
    for (const passes::Pass& pass : passes::pipeline()) {
        if (isDisabled(pass))
            continue;
        const std::string before = runtime::textBeforePass(*fn);
        pass.run(*fn);
        runtime::coverPass(pass.name, before, *fn);
#ifdef PYSTON_CHECKS
        if (std::string error = hir::verify(*fn); !error.empty()) {
            result_.failure = "after " + std::string(pass.name) + ": " + error;
            return;
        }
#endif
    }
    runtime::coverLowered(*fn);
    state.stopwatch.finish(runtime::Phase::kPasses);
    if (aborts(runtime::Phase::kPasses))
        return;
    if (request_.wantDumps)
        result_.hir = hir::print(*fn);

    // Machine operations over virtual registers, then real ones.
    std::unique_ptr<lir::Function> lir = lower::lower(*fn, state.context);
    state.stopwatch.finish(runtime::Phase::kLower);
    if (aborts(runtime::Phase::kLower))
        return;
    if (request_.wantDumps)
        result_.lir = lir::print(*lir);
    auto blob = std::make_unique<runtime::CodeBlob>();
    blob->owner = request_.data;
    blob->numSlots = fn->numSlots;
    blob->caches = fn->caches;
    const std::unordered_set<Object*> references = collectReferences(*fn);
    const auto isReferredTo = [&](Object* object) {
        return object != state.bytecode.code && references.contains(object);
    };
    std::ranges::copy_if(kept_, std::back_inserter(referred_), isReferredTo);
    std::ranges::copy_if(keptNames_, std::back_inserter(named_), isReferredTo);
    fn.reset(); // both at once would be the peak of what the process needs
    regalloc::Allocation allocation = regalloc::allocate(*lir, cpu::hostTarget());
    if (!allocation.failure.empty()) {
        result_.failure = "register allocation: " + allocation.failure;
        return;
    }
#ifdef PYSTON_CHECKS
    if (std::string error = regalloc::check(*lir, allocation, cpu::hostTarget()); !error.empty()) {
        result_.failure = "register allocation: " + error;
        return;
    }
#endif
    state.stopwatch.finish(runtime::Phase::kAllocate);
    if (aborts(runtime::Phase::kAllocate))
        return;

    const bool abortsEmitting = abortAfter_ == runtime::Phase::kEmit;
    if (!emitCode(*lir, allocation, request_, abortsEmitting, *blob, result_))
        return;
    runtime::coverEmitted(blob->exits);
    state.stopwatch.finish(runtime::Phase::kEmit);
    blob->phases = state.stopwatch.phases();
    result_.blob = std::move(blob);
}

CompileResult Compilation::takeResult() {
    if (result_.blob) {
        for (Object* object : referred_)
            host::refer(object);
        result_.blob->references = std::move(referred_);
        for (Object* object : named_)
            host::nameWeakly(object);
        result_.blob->names = std::move(named_);
    }
    return std::move(result_);
}

CompileResult compile(const CompileRequest& request) {
    Compilation compilation(request);
    if (compilation.begin())
        compilation.finish();
    return compilation.takeResult();
}

} // namespace pyston
