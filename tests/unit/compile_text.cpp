#include "compile_text.h"

#include "cpu/target.h"
#include "fake_layout.h"
#include "hir/hir.h"
#include "lir/lir.h"
#include "lower/lower.h"
#include "passes/constants.h"
#include "passes/passes.h"
#include "regalloc/regalloc.h"
#include "runtime/code_data.h"
#include "runtime/helpers.h"

#include <algorithm>
#include <array>
#include <memory>
#include <utility>

namespace pyston::test {
namespace {

// The time of some passes grows by the square of these.
constexpr int kMaxIds = 5'000;
constexpr int kMaxSlots = 500;

constexpr uint64_t kBase = 0x7f12'3456'0000; // where code would be copied to
constexpr uint64_t kObjects = 0x7f65'4321'0000;

Verdict broken(std::string_view where, std::string_view what) {
    return {Verdict::kBroken, std::string(where) + ": " + std::string(what)};
}

// The class of the object at a made-up address.
hir::ExactClass classOf(int64_t object) {
    switch (object >> 16) {
    case 1:
        return hir::ExactClass::kInt;
    case 2:
        return hir::ExactClass::kFloat;
    default:
        return object == 0x32                     ? hir::ExactClass::kNoneType
               : object == 0x30 || object == 0x31 ? hir::ExactClass::kBool
                                                  : hir::ExactClass::kUnknown;
    }
}

// What no verifier can know: a constant that is not of the class that the text says.
bool hasFalseConstants(const hir::Function& fn) {
    for (const hir::Block* block : fn.blocks())
        for (const hir::Instr* instr : block->instrs()) {
            const hir::ExactClass known = classOf(instr->imm());
            const hir::ExactClass said = instr->type().exact;
            if (instr->opcode() == hir::Opcode::kConstObject && said != known &&
                said != hir::ExactClass::kUnknown && known != hir::ExactClass::kUnknown)
                return true;
        }
    return false;
}

// As pyston-opt's: 0x10000 + n is the int n, 0x20000 + n the float n / 2, 0x30 False, 0x31 True,
// 0x32 None.
void setConstants() {
    passes::ConstantValues values;
    values.intValue = [](Object* object) -> std::optional<int64_t> {
        const auto n = reinterpret_cast<uintptr_t>(object);
        if (n < 0x10000 || n > 0x1ffff)
            return std::nullopt;
        return static_cast<int16_t>(n - 0x10000);
    };
    values.floatValue = [](Object* object) -> std::optional<double> {
        const auto n = reinterpret_cast<uintptr_t>(object);
        if (n < 0x20000 || n > 0x2ffff)
            return std::nullopt;
        return static_cast<double>(n - 0x20000) / 2;
    };
    values.zeroOf = [](hir::ExactClass c) {
        const uintptr_t address = c == hir::ExactClass::kInt     ? 0x10000
                                  : c == hir::ExactClass::kFloat ? 0x20000
                                                                 : 0;
        return reinterpret_cast<Object*>(address);
    };
    values.trueObject = reinterpret_cast<Object*>(uintptr_t{0x31});
    values.falseObject = reinterpret_cast<Object*>(uintptr_t{0x30});
    values.none = reinterpret_cast<Object*>(uintptr_t{0x32});
    passes::setConstantValues(values);
}

// Knows everything that has a path of its own.
host::Layout fullLayout() {
    host::Layout layout = lower::makeLayout();
    layout.evalBreakerAddress = kObjects;
    layout.smallIntsAddress = kObjects + 0x100;
    layout.smallIntsBelowZero = 5;
    layout.smallIntsCount = 262;
    layout.log2SmallIntBytes = 5;
    layout.freeFloatsAddress = kObjects + 0x200;
    layout.freeFloatCountAddress = kObjects + 0x208;
    return layout;
}

const host::Layout& layoutOf(bool full) {
    static const host::Layout plainLayout = lower::makeLayout();
    static const host::Layout everything = fullLayout();
    return full ? everything : plainLayout;
}

lower::Context makeContext(bool full) {
    lower::Context context{.layout = layoutOf(full)};
    context.none = 0x32;
    context.trueObject = 0x31;
    context.falseObject = kObjects + 0x300; // does not fit in 32 bits
    for (size_t i = 1; i < hir::kNumExactClasses; ++i) {
        context.classes[i] = kObjects + 0x1000 + 0x100 * i;
        context.arrayDescriptors[i] = context.classes[i] + 8;
    }
    if (full) {
        context.generator = kObjects + 0x400;
        context.coroutine = kObjects + 0x500;
        context.stressCounter = kObjects + 0x600;
    }
    return context;
}

uint64_t nearCell(uint64_t address) {
    return address % 32 == 0 ? kBase - 0x1000 : 0;
}

cpu::RuntimeAddresses runtimeAddresses() {
    return {.dealloc = kObjects + 0x10,
            .materialize = kObjects + 0x20,
            .resume = kObjects + 0x30,
            .observe = kObjects + 0x40,
            .plainClasses = {kObjects + 0x1100, kObjects + 0x1200, kObjects + 0x1300},
            .classOffset = 8,
            .classDeallocOffset = 48,
            .frameSlotsOffset = 72,
            .framePrevInstrOffset = 56,
            .nearCell = nearCell};
}

void setUpOnce() {
    static const bool done = [] {
        setConstants();
        for (int i = 0; i < runtime::kNumHelpers; ++i)
            runtime::setAddress(static_cast<runtime::Helper>(i),
                                kObjects + 0x10000 + 16 * static_cast<uint64_t>(i));
        return true;
    }();
    (void)done;
}

// The lowering reads what is known of callees: those of a text are not there.
void replaceCallees(hir::Function& fn) {
    static std::array<runtime::CodeData, 2> callees;
    callees[1].frame.words = 20;
    callees[1].frame.slots = 3;
    for (const hir::Block* block : fn.blocks())
        for (hir::Instr* instr : block->instrs())
            if (instr->info().imm == hir::Imm::kCode && instr->imm() != 0)
                instr->setImm(reinterpret_cast<int64_t>(&callees[(instr->imm() & 0x100) != 0]));
}

// Made after reference counting: the passes have run.
bool isLate(const hir::Function& fn) {
    for (const hir::Block* block : fn.blocks())
        for (const hir::Instr* instr : block->instrs())
            switch (instr->opcode()) {
            case hir::Opcode::kIncref:
            case hir::Opcode::kDecref:
            case hir::Opcode::kStoreFrameSlot:
            case hir::Opcode::kSetPrevInstr:
                return true;
            default:
                if (instr->exitReferences())
                    return true;
            }
    return false;
}

Verdict generate(const lir::Function& fn) {
    if (std::string error = lir::verify(fn); !error.empty())
        return broken("LIR verifier", error);
    for (const cpu::Target* target : {&cpu::x86_64(), &cpu::aarch64()}) {
        const regalloc::Allocation allocation = regalloc::allocate(fn, *target);
        if (!allocation.failure.empty())
            continue;
        if (std::string error = regalloc::check(fn, allocation, *target); !error.empty())
            return broken(std::string("allocation for ") + target->name, error);
        const cpu::EmittedCode code =
            target->emit(fn, allocation, runtimeAddresses(), kBase, nullptr, false);
        if (code.bytes.empty())
            return broken(std::string("code for ") + target->name, code.listing);
    }
    return {};
}

Verdict lowerAndGenerate(const hir::Function& fn) {
    for (const bool full : {false, true}) {
        const lower::Context context = makeContext(full);
        const std::unique_ptr<lir::Function> lowered = lower::lower(fn, context);
        if (Verdict verdict = generate(*lowered); verdict.kind != Verdict::kCompiled)
            return verdict;
    }
    return {};
}

// Printing and parsing are inverse.
template<typename Function, typename Parse>
Verdict checkRoundTrip(const Function& fn, const Parse& parse, std::string_view where) {
    std::string error;
    const std::string printed = print(fn);
    const std::unique_ptr<Function> again = parse(printed, &error);
    if (!again)
        return broken(where, "what was printed is not parsed: " + error);
    if (print(*again) != printed)
        return broken(where, "printed, parsed and printed again it is different");
    return {};
}

} // namespace

Verdict compileHirText(std::string_view text) {
    setUpOnce();
    std::string error;
    const std::unique_ptr<hir::Function> fn = hir::parse(text, &error);
    if (!fn)
        return error.starts_with("line ") ? Verdict{Verdict::kNotParsed, error}
                                          : broken("HIR parser", "an error without a line");
    if (fn->numInstrIds() > kMaxIds || fn->numBlockIds() > kMaxIds || fn->numSlots > kMaxSlots ||
        fn->stackSize > kMaxSlots)
        return {Verdict::kTooLarge, {}};
    fn->orderBlocks();
    if (error = hir::verify(*fn); !error.empty())
        return {Verdict::kRejected, error};
    if (hasFalseConstants(*fn))
        return {Verdict::kRejected, "a constant of another class than it says"};
    if (Verdict verdict = checkRoundTrip(*fn, hir::parse, "HIR text");
        verdict.kind != Verdict::kCompiled)
        return verdict;
    replaceCallees(*fn);
    if (isLate(*fn))
        return lowerAndGenerate(*fn);
    for (const passes::Pass& pass : passes::pipeline()) {
        pass.run(*fn);
        if (error = hir::verify(*fn); !error.empty())
            return broken("after " + std::string(pass.name), error);
    }
    return lowerAndGenerate(*fn);
}

Verdict compileLirText(std::string_view text) {
    setUpOnce();
    std::string error;
    const std::unique_ptr<lir::Function> fn = lir::parse(text, &error);
    if (!fn)
        return error.starts_with("line ") ? Verdict{Verdict::kNotParsed, error}
                                          : broken("LIR parser", "an error without a line");
    if (fn->classes.size() > kMaxIds || fn->numSlots > kMaxSlots)
        return {Verdict::kTooLarge, {}};
    if (error = lir::verify(*fn); !error.empty())
        return {Verdict::kRejected, error};
    if (Verdict verdict = checkRoundTrip(*fn, lir::parse, "LIR text");
        verdict.kind != Verdict::kCompiled)
        return verdict;
    return generate(*fn);
}

} // namespace pyston::test
