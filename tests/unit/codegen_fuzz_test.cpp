// Random LIR through register allocation and emission, run, and compared with an interpreter of
// LIR.
#if defined(__x86_64__)

#include "emit_fixture.h"

#include <bit>
#include <cmath>
#include <cstdlib>
#include <random>

namespace pyston::test {
namespace {

using lir::Block;
using lir::Cc;
using lir::Instr;
using lir::Opcode;
using lir::Operand;
using lir::RegClass;
using lir::VReg;

constexpr int kInputs = 16, kOutputs = 64, kObjects = 3;

uint64_t hashCall(uint64_t a, uint64_t b, uint64_t c, uint64_t d, uint64_t e, uint64_t f, double x,
                  double y) {
    EXPECT_EQ(reinterpret_cast<uintptr_t>(__builtin_frame_address(0)) % 16, 0u);
    asm volatile("mov $-1, %%rax; mov %%rax, %%r8; mov %%rax, %%r9; mov %%rax, %%r10;"
                 "mov %%rax, %%r11; pcmpeqd %%xmm8, %%xmm8; movaps %%xmm8, %%xmm9;"
                 "movaps %%xmm8, %%xmm10; movaps %%xmm8, %%xmm11; movaps %%xmm8, %%xmm12;"
                 "movaps %%xmm8, %%xmm13" ::
                     : "rax", "r8", "r9", "r10", "r11", "xmm8", "xmm9", "xmm10", "xmm11", "xmm12",
                       "xmm13");
    uint64_t h = a;
    for (uint64_t v : {b, c, d, e, f, std::bit_cast<uint64_t>(x), std::bit_cast<uint64_t>(y)})
        h = std::rotl(h, 7) * 0x9e3779b97f4a7c15 + v;
    return h;
}
double floatCall(double x, double y) {
    return std::isfinite(x) ? x * 0.5 + y : y;
}

// The memory a run works on.
struct World {
    uint64_t inputs[kInputs];
    uint64_t outputs[kOutputs] = {};
    uint64_t objects[kObjects][2] = {};
};

// --- generation

class Generator {
  public:
    explicit Generator(uint32_t seed) : random_(seed) {}
    std::unique_ptr<lir::Function> make();

  private:
    using Scope = std::pair<size_t, size_t>;
    unsigned below(unsigned n) { return static_cast<unsigned>(random_() % n); }
    bool chance(unsigned percent) { return below(100) < percent; }
    VReg anyInt() { return recent(ints_); }
    VReg anyFloat() { return recent(floats_); }
    // Mostly young values, sometimes old ones, so that live ranges of all lengths appear.
    VReg recent(const std::vector<VReg>& values) {
        const auto n = static_cast<unsigned>(values.size());
        return chance(60) ? values[n - 1 - below(std::min(n, 8u))] : values[below(n)];
    }
    Operand intOrImm() {
        static constexpr int64_t kImmediates[] = {0,   1,    -1,    2,          10,
                                                  255, -128, 65536, 0x7fffffff, -0x80000000LL};
        return chance(70) ? Operand::r(anyInt()) : Operand::i(kImmediates[below(10)]);
    }
    Cc intCc() { return static_cast<Cc>(below(10)); }
    Cc floatCc() {
        const unsigned i = below(10);
        return static_cast<Cc>(i < 6 ? i : i + 4);
    }
    Instr& add(Opcode op, std::vector<Operand> operands = {}) {
        Instr instr;
        instr.op = op;
        instr.operands = std::move(operands);
        const auto kind = instr.info().result;
        if (kind != lir::ResultKind::kNone) {
            const bool isInt = kind == lir::ResultKind::kInt;
            instr.result = fn_->newReg(isInt ? RegClass::kInt : RegClass::kFloat);
            pending_.emplace_back(instr.result, isInt);
        }
        block_->instrs.push_back(std::move(instr));
        return block_->instrs.back();
    }
    // Makes results usable; apart from `add` so that an operation cannot use its own.
    void publish() {
        for (auto [v, isInt] : pending_)
            (isInt ? ints_ : floats_).push_back(v);
        pending_.clear();
    }
    int newExit();
    void operation();
    void memoryOperation();
    void callOperation();
    void segment(int depth);
    void jump(Block* to, const std::vector<VReg>& args) {
        Instr& instr = add(Opcode::kJump);
        instr.targets[0] = to;
        instr.args[0] = args;
    }
    void branch(Block* yes, Block* no);
    std::vector<VReg> someValues(const std::vector<RegClass>& classes) {
        std::vector<VReg> values;
        for (RegClass c : classes)
            values.push_back(c == RegClass::kInt ? anyInt() : anyFloat());
        return values;
    }
    std::vector<RegClass> someClasses() {
        std::vector<RegClass> classes;
        for (unsigned i = below(5) + 1; i > 0; --i)
            classes.push_back(chance(65) ? RegClass::kInt : RegClass::kFloat);
        return classes;
    }
    void addParams(Block* block, const std::vector<RegClass>& classes) {
        for (RegClass c : classes)
            block->params.push_back(fn_->newReg(c));
    }
    void publishParams(Block* block) {
        for (VReg v : block->params)
            (fn_->classes[v] == RegClass::kInt ? ints_ : floats_).push_back(v);
    }
    Scope open() const { return {ints_.size(), floats_.size()}; }
    void close(Scope scope) {
        ints_.resize(scope.first);
        floats_.resize(scope.second);
    }

    std::mt19937 random_;
    std::unique_ptr<lir::Function> fn_;
    Block* block_ = nullptr;
    VReg frame_ = lir::kNoReg, tstate_ = lir::kNoReg;
    std::vector<VReg> ints_, floats_;
    std::vector<std::pair<VReg, bool>> pending_;
};

int Generator::newExit() {
    lir::ExitPoint exit;
    exit.resumeOffset = static_cast<int32_t>(fn_->exits.size()) * 2;
    auto operand = [&] {
        lir::ExitOperand o;
        const unsigned kind = below(10);
        o.incref = chance(50);
        if (kind < 6) {
            o.kind = lir::ExitOperand::kReg;
            o.repr = exits::Repr::kInt64;
            o.reg = anyInt();
        } else if (kind < 9) {
            o.kind = lir::ExitOperand::kReg;
            o.repr = exits::Repr::kDouble;
            o.reg = anyFloat();
        } else {
            o.kind = lir::ExitOperand::kConst;
            o.bits = below(100);
        }
        return o;
    };
    for (int i = 0; i < fn_->numSlots; ++i)
        exit.slots.push_back(operand());
    for (unsigned i = below(4); i > 0; --i)
        exit.stack.push_back(operand());
    fn_->exits.push_back(std::move(exit));
    return static_cast<int>(fn_->exits.size()) - 1;
}

void Generator::memoryOperation() {
    const int word = static_cast<int>(below(kOutputs / 2)) * 8;
    const Operand frame = Operand::r(frame_);
    switch (below(12)) {
    case 0:
        add(Opcode::kLoad64, {frame}).disp = word;
        break;
    case 1:
        add(Opcode::kLoad32S, {frame}).disp = word + 4;
        break;
    case 2:
        add(Opcode::kLoad32U, {frame}).disp = word;
        break;
    case 3:
        add(Opcode::kLoad8U, {frame}).disp = word + 3;
        break;
    case 4:
        add(Opcode::kFLoad, {Operand::r(tstate_)}).disp =
            static_cast<int>(below(kInputs - kObjects)) * 8;
        break;
    case 5:
        add(Opcode::kStore64, {frame, intOrImm()}).disp = word;
        break;
    case 6:
        add(Opcode::kStore32, {frame, intOrImm()}).disp = word;
        break;
    case 7:
        add(Opcode::kStore8, {frame, intOrImm()}).disp = word + 5;
        break;
    case 8:
        add(Opcode::kFStore, {frame, Operand::r(anyFloat())}).disp = word;
        break;
    case 9:
        add(Opcode::kAddMem64, {frame, Operand::i(static_cast<int>(below(3)) - 1)}).disp = word;
        break;
    case 10: {
        const VReg index = add(Opcode::kAnd, {Operand::r(anyInt()), Operand::i(15)}).result;
        Instr& load = add(Opcode::kLoadIdx64, {frame, Operand::r(index)});
        load.scale = 8;
        load.disp = word;
        break;
    }
    default: {
        Instr& exitIf = add(chance(50) ? Opcode::kExitIfMem64 : Opcode::kExitIfMem32,
                            {frame, Operand::i(123456)});
        exitIf.disp = word;
        exitIf.cc = Cc::kEq;
        exitIf.exit = newExit();
    }
    }
}

void Generator::callOperation() {
    switch (below(6)) {
    case 0:
    case 1: {
        std::vector<Operand> operands = {Operand::i(reinterpret_cast<int64_t>(&hashCall))};
        for (int i = 0; i < 6; ++i)
            operands.push_back(intOrImm());
        operands.push_back(Operand::r(anyFloat()));
        operands.push_back(Operand::r(anyFloat()));
        add(Opcode::kCall, operands);
        break;
    }
    case 2:
        add(Opcode::kFCall, {Operand::i(reinterpret_cast<int64_t>(&floatCall)),
                             Operand::r(anyFloat()), Operand::r(anyFloat())});
        break;
    case 3: {
        std::vector<Operand> operands = {Operand::r(anyInt()),
                                         Operand::i(reinterpret_cast<int64_t>(&hashCall))};
        for (int i = 0; i < 6; ++i)
            operands.push_back(intOrImm());
        operands.push_back(Operand::r(anyFloat()));
        operands.push_back(Operand::r(anyFloat()));
        add(Opcode::kColdCall, operands).cc = intCc();
        break;
    }
    case 4: {
        // The objects' addresses are the last inputs.
        const VReg object = add(Opcode::kLoad64, {Operand::r(tstate_)}).result;
        block_->instrs.back().disp = 8 * (kInputs - 1 - static_cast<int>(below(kObjects)));
        pending_.pop_back(); // addresses differ between runs: not a value to compute with
        static constexpr Opcode kCounts[] = {Opcode::kIncref,  Opcode::kXIncref, Opcode::kDecref,
                                             Opcode::kXDecref, Opcode::kRelease, Opcode::kXRelease};
        const Opcode op = kCounts[below(6)];
        const int exit = op == Opcode::kRelease || op == Opcode::kXRelease ? newExit() : -1;
        add(op, {Operand::r(object)}).exit = exit;
        break;
    }
    default: {
        const int64_t at = 8 * below(4);
        add(Opcode::kStackStore, {Operand::i(at), Operand::r(anyInt())});
        add(Opcode::kStackLoad, {Operand::i(at)});
    }
    }
}

void Generator::operation() {
    static constexpr Opcode kIntBinary[] = {Opcode::kAdd, Opcode::kSub, Opcode::kMul,
                                            Opcode::kAnd, Opcode::kOr,  Opcode::kXor,
                                            Opcode::kShl, Opcode::kShr, Opcode::kSar};
    static constexpr Opcode kExits[] = {Opcode::kAddExit, Opcode::kSubExit, Opcode::kMulExit};
    static constexpr Opcode kFloatBinary[] = {Opcode::kFAdd, Opcode::kFSub, Opcode::kFMul,
                                              Opcode::kFDiv};
    static constexpr Opcode kFloatUnary[] = {Opcode::kFNeg, Opcode::kFAbs, Opcode::kFMove};
    static constexpr Opcode kIntUnary[] = {Opcode::kNeg, Opcode::kNot, Opcode::kMove};
    const unsigned kind = below(100);
    if (kind < 30) {
        add(kIntBinary[below(9)], {Operand::r(anyInt()), intOrImm()});
    } else if (kind < 36) {
        Instr& instr = add(kExits[below(3)], {Operand::r(anyInt()), intOrImm()});
        instr.exit = newExit();
    } else if (kind < 41) {
        // A divisor that is neither 0 nor -1.
        const VReg positive = add(Opcode::kAnd, {Operand::r(anyInt()), Operand::i(1000)}).result;
        const VReg divisor = add(Opcode::kAdd, {Operand::r(positive), Operand::i(1)}).result;
        add(chance(50) ? Opcode::kSDiv : Opcode::kSRem,
            {Operand::r(anyInt()), Operand::r(divisor)});
    } else if (kind < 45) {
        add(kIntUnary[below(3)], {Operand::r(anyInt())});
    } else if (kind < 57) {
        add(kFloatBinary[below(4)], {Operand::r(anyFloat()), Operand::r(anyFloat())});
    } else if (kind < 61) {
        add(kFloatUnary[below(3)], {Operand::r(anyFloat())});
    } else if (kind < 64) {
        add(Opcode::kIntToFloat, {Operand::r(anyInt())});
    } else if (kind < 67) {
        add(Opcode::kSetCmp, {Operand::r(anyInt()), intOrImm()}).cc = intCc();
    } else if (kind < 70) {
        add(Opcode::kFSetCmp, {Operand::r(anyFloat()), Operand::r(anyFloat())}).cc = floatCc();
    } else if (kind < 74) {
        add(Opcode::kSelect,
            {Operand::r(anyInt()), intOrImm(), Operand::r(anyInt()), Operand::r(anyInt())})
            .cc = intCc();
    } else if (kind < 76) {
        add(Opcode::kLoadImm, {Operand::i(static_cast<int64_t>(random_()) << below(33))});
    } else if (kind < 78) {
        Instr& instr = add(Opcode::kFExitIf, {Operand::r(anyFloat()), Operand::r(anyFloat())});
        instr.cc = Cc::kEq;
        instr.exit = newExit();
    } else if (kind < 80) {
        Instr& instr = add(Opcode::kExitIf, {Operand::r(anyInt()), Operand::i(77)});
        instr.cc = Cc::kEq;
        instr.exit = newExit();
    } else if (kind < 91) {
        memoryOperation();
    } else {
        callOperation();
    }
    publish();
}

void Generator::branch(Block* yes, Block* no) {
    const bool isFloat = chance(25);
    Instr& instr = isFloat ? add(Opcode::kFBranch, {Operand::r(anyFloat()), Operand::r(anyFloat())})
                           : add(Opcode::kBranch, {Operand::r(anyInt()), intOrImm()});
    instr.cc = isFloat ? floatCc() : intCc();
    instr.targets[0] = yes;
    instr.targets[1] = no;
}

void Generator::segment(int depth) {
    for (unsigned i = below(14) + 1; i > 0; --i)
        operation();
    if (depth == 0)
        return;
    const auto classes = someClasses();
    if (chance(50)) {
        // if / else
        Block *yes = fn_->newBlock(), *no = fn_->newBlock(), *join = fn_->newBlock();
        no->cold = chance(30);
        branch(yes, no);
        for (Block* arm : {yes, no}) {
            const Scope scope = open();
            block_ = arm;
            if (chance(80))
                segment(depth - 1);
            jump(join, someValues(classes));
            close(scope);
        }
        addParams(join, classes);
        block_ = join;
        publishParams(join);
    } else {
        // A loop of a few rounds; its first parameter counts down.
        Block *header = fn_->newBlock(), *body = fn_->newBlock(), *after = fn_->newBlock();
        header->loopDepth = body->loopDepth = 1;
        auto args = someValues(classes);
        args.insert(args.begin(), add(Opcode::kLoadImm, {Operand::i(below(6))}).result);
        pending_.clear();
        jump(header, args);
        header->params.push_back(fn_->newReg(RegClass::kInt));
        addParams(header, classes);
        const VReg count = header->params[0];
        block_ = header;
        publishParams(header);
        if (chance(50))
            operation();
        Instr& test = add(Opcode::kBranch, {Operand::r(count), Operand::i(0)});
        test.cc = Cc::kGt;
        test.targets[0] = body;
        test.targets[1] = after;
        const Scope scope = open();
        block_ = body;
        segment(depth - 1);
        auto next = someValues(classes);
        next.insert(next.begin(), add(Opcode::kSub, {Operand::r(count), Operand::i(1)}).result);
        pending_.clear();
        jump(header, next);
        close(scope);
        block_ = after;
    }
}

std::unique_ptr<lir::Function> Generator::make() {
    fn_ = std::make_unique<lir::Function>();
    fn_->name = "random";
    fn_->numSlots = 3;
    fn_->outgoingBytes = 32;
    block_ = fn_->newBlock();
    block_->entryOffset = 0;
    tstate_ = add(Opcode::kLoadTstate).result;
    frame_ = add(Opcode::kLoadFrame).result;
    pending_.clear();
    for (int i = 0; i < 4; ++i) // so that StackLoad reads what was written
        add(Opcode::kStackStore,
            {Operand::i(8 * i), Operand::r(add(Opcode::kLoadImm, {Operand::i(i)}).result)});
    for (int i = 0; i < kInputs - kObjects; ++i)
        add(i < 8 ? Opcode::kLoad64 : Opcode::kFLoad, {Operand::r(tstate_)}).disp = 8 * i;
    publish();
    for (unsigned i = below(6) + 1; i > 0; --i)
        segment(2);
    // Whatever is still in reach counts as output.
    for (int i = 0; i < 16; ++i) {
        add(Opcode::kStore64, {Operand::r(frame_), Operand::r(anyInt())}).disp = 8 * (32 + i);
        add(Opcode::kFStore, {Operand::r(frame_), Operand::r(anyFloat())}).disp = 8 * (48 + i);
    }
    add(Opcode::kRet, {Operand::r(anyInt())});
    fn_->computePreds();
    return std::move(fn_);
}

// --- interpretation

struct Outcome {
    uint64_t result = 0;
    int exitResume = -1; // resumeOffset, which tells the exits apart
    std::vector<uint64_t> exitValues;
    std::vector<int> died; // objects, in order
};

class Interpreter {
  public:
    Interpreter(const lir::Function& fn, World& world)
        : fn_(fn), world_(world), regs_(fn.classes.size()) {}
    Outcome run();

  private:
    uint64_t value(const Operand& o) const {
        return o.isImm ? static_cast<uint64_t>(o.imm) : regs_[o.reg];
    }
    double fp(const Operand& o) const { return std::bit_cast<double>(regs_[o.reg]); }
    void set(const Instr& instr, uint64_t v) { regs_[instr.result] = v; }
    void setFp(const Instr& instr, double v) { set(instr, std::bit_cast<uint64_t>(v)); }
    uint8_t* at(const Instr& instr) const {
        return reinterpret_cast<uint8_t*>(regs_[instr.operands[0].reg]) + instr.disp;
    }
    template<typename T> T read(const Instr& instr) const {
        T v;
        std::memcpy(&v, at(instr), sizeof v);
        return v;
    }
    template<typename T> void write(const Instr& instr) {
        const T v = static_cast<T>(value(instr.operands[1]));
        std::memcpy(at(instr), &v, sizeof v);
    }
    uint64_t callHash(const Instr& instr, size_t first) const {
        const auto& o = instr.operands;
        return hashCall(value(o[first]), value(o[first + 1]), value(o[first + 2]),
                        value(o[first + 3]), value(o[first + 4]), value(o[first + 5]),
                        fp(o[first + 6]), fp(o[first + 7]));
    }
    static bool holds(Cc cc, uint64_t ua, uint64_t ub);
    static bool holdsFp(Cc cc, double a, double b);
    void count(const Instr& instr, int by);
    bool overflowing(const Instr& instr); // true: leaves
    // Returns false if the instruction is none of those.
    bool integer(const Instr& instr);
    bool floating(const Instr& instr);
    bool memory(const Instr& instr);

    const lir::Function& fn_;
    World& world_;
    std::vector<uint64_t> regs_;
    uint64_t outgoing_[4] = {};
    Outcome outcome_;
};

bool Interpreter::holds(Cc cc, uint64_t ua, uint64_t ub) {
    const auto a = static_cast<int64_t>(ua), b = static_cast<int64_t>(ub);
    switch (cc) {
    case Cc::kEq:
        return a == b;
    case Cc::kNe:
        return a != b;
    case Cc::kLt:
        return a < b;
    case Cc::kLe:
        return a <= b;
    case Cc::kGt:
        return a > b;
    case Cc::kGe:
        return a >= b;
    case Cc::kULt:
        return ua < ub;
    case Cc::kULe:
        return ua <= ub;
    case Cc::kUGt:
        return ua > ub;
    default:
        return ua >= ub;
    }
}

bool Interpreter::holdsFp(Cc cc, double a, double b) {
    switch (cc) {
    case Cc::kEq:
        return a == b;
    case Cc::kNe:
        return a != b;
    case Cc::kLt:
        return a < b;
    case Cc::kLe:
        return a <= b;
    case Cc::kGt:
        return a > b;
    case Cc::kGe:
        return a >= b;
    case Cc::kFNotLt:
        return !(a < b);
    case Cc::kFNotLe:
        return !(a <= b);
    case Cc::kFNotGt:
        return !(a > b);
    default:
        return !(a >= b);
    }
}

void Interpreter::count(const Instr& instr, int by) {
    auto* object = reinterpret_cast<uint64_t*>(regs_[instr.operands[0].reg]);
    *object += static_cast<uint64_t>(static_cast<int64_t>(by));
    if (by < 0 && *object == 0)
        outcome_.died.push_back(static_cast<int>((object - &world_.objects[0][0]) / 2));
}

bool Interpreter::overflowing(const Instr& instr) {
    const auto a = static_cast<int64_t>(value(instr.operands[0]));
    const auto b = static_cast<int64_t>(value(instr.operands[1]));
    int64_t r;
    const bool overflow = instr.op == Opcode::kAddExit   ? __builtin_add_overflow(a, b, &r)
                          : instr.op == Opcode::kSubExit ? __builtin_sub_overflow(a, b, &r)
                                                         : __builtin_mul_overflow(a, b, &r);
    if (!overflow)
        set(instr, static_cast<uint64_t>(r));
    return overflow;
}

bool Interpreter::integer(const Instr& instr) {
    const auto& o = instr.operands;
    auto a = [&] { return value(o[0]); };
    auto b = [&] { return value(o[1]); };
    auto sa = [&] { return static_cast<int64_t>(a()); };
    auto sb = [&] { return static_cast<int64_t>(b()); };
    switch (instr.op) {
    case Opcode::kLoadImm:
    case Opcode::kMove:
        set(instr, a());
        return true;
    case Opcode::kAdd:
        set(instr, a() + b());
        return true;
    case Opcode::kSub:
        set(instr, a() - b());
        return true;
    case Opcode::kMul:
        set(instr, a() * b());
        return true;
    case Opcode::kAnd:
        set(instr, a() & b());
        return true;
    case Opcode::kOr:
        set(instr, a() | b());
        return true;
    case Opcode::kXor:
        set(instr, a() ^ b());
        return true;
    case Opcode::kShl:
        set(instr, a() << (b() & 63));
        return true;
    case Opcode::kShr:
        set(instr, a() >> (b() & 63));
        return true;
    case Opcode::kSar:
        set(instr, static_cast<uint64_t>(sa() >> (b() & 63)));
        return true;
    case Opcode::kNeg:
        set(instr, -a());
        return true;
    case Opcode::kNot:
        set(instr, ~a());
        return true;
    case Opcode::kSDiv:
        set(instr, static_cast<uint64_t>(sa() / sb()));
        return true;
    case Opcode::kSRem:
        set(instr, static_cast<uint64_t>(sa() % sb()));
        return true;
    case Opcode::kSetCmp:
        set(instr, holds(instr.cc, a(), b()));
        return true;
    case Opcode::kSelect:
        set(instr, holds(instr.cc, a(), b()) ? value(o[2]) : value(o[3]));
        return true;
    default:
        return false;
    }
}

// Arithmetic is spelled out in machine code: C++ may exchange operands, which shows in NaN's bits.
bool Interpreter::floating(const Instr& instr) {
    const auto& o = instr.operands;
    switch (instr.op) {
    case Opcode::kFMove:
        set(instr, regs_[o[0].reg]);
        return true;
    case Opcode::kFAdd: {
        double r = fp(o[0]);
        asm("addsd %1, %0" : "+x"(r) : "x"(fp(o[1])));
        setFp(instr, r);
        return true;
    }
    case Opcode::kFSub: {
        double r = fp(o[0]);
        asm("subsd %1, %0" : "+x"(r) : "x"(fp(o[1])));
        setFp(instr, r);
        return true;
    }
    case Opcode::kFMul: {
        double r = fp(o[0]);
        asm("mulsd %1, %0" : "+x"(r) : "x"(fp(o[1])));
        setFp(instr, r);
        return true;
    }
    case Opcode::kFDiv: {
        double r = fp(o[0]);
        asm("divsd %1, %0" : "+x"(r) : "x"(fp(o[1])));
        setFp(instr, r);
        return true;
    }
    case Opcode::kFNeg:
        set(instr, regs_[o[0].reg] ^ (uint64_t{1} << 63));
        return true;
    case Opcode::kFAbs:
        set(instr, regs_[o[0].reg] & ~(uint64_t{1} << 63));
        return true;
    case Opcode::kIntToFloat:
        setFp(instr, static_cast<double>(static_cast<int64_t>(value(o[0]))));
        return true;
    case Opcode::kFSetCmp:
        set(instr, holdsFp(instr.cc, fp(o[0]), fp(o[1])));
        return true;
    default:
        return false;
    }
}

bool Interpreter::memory(const Instr& instr) {
    const auto& o = instr.operands;
    switch (instr.op) {
    case Opcode::kLoadTstate:
        set(instr, reinterpret_cast<uint64_t>(world_.inputs));
        return true;
    case Opcode::kLoadFrame:
        set(instr, reinterpret_cast<uint64_t>(world_.outputs));
        return true;
    case Opcode::kLoad64:
    case Opcode::kFLoad:
        set(instr, read<uint64_t>(instr));
        return true;
    case Opcode::kLoad32S:
        set(instr, static_cast<uint64_t>(int64_t{read<int32_t>(instr)}));
        return true;
    case Opcode::kLoad32U:
        set(instr, read<uint32_t>(instr));
        return true;
    case Opcode::kLoad8U:
        set(instr, read<uint8_t>(instr));
        return true;
    case Opcode::kLoadIdx64: {
        uint64_t v;
        std::memcpy(&v, at(instr) + regs_[o[1].reg] * instr.scale, 8);
        set(instr, v);
        return true;
    }
    case Opcode::kStore64:
    case Opcode::kFStore:
        write<uint64_t>(instr);
        return true;
    case Opcode::kStore32:
        write<uint32_t>(instr);
        return true;
    case Opcode::kStore8:
        write<uint8_t>(instr);
        return true;
    case Opcode::kAddMem64: {
        const uint64_t v = read<uint64_t>(instr) + value(o[1]);
        std::memcpy(at(instr), &v, 8);
        return true;
    }
    case Opcode::kStackStore:
        outgoing_[o[0].imm / 8] = value(o[1]);
        return true;
    case Opcode::kStackLoad:
        set(instr, outgoing_[o[0].imm / 8]);
        return true;
    default:
        return false;
    }
}

Outcome Interpreter::run() {
    const Block* block = fn_.blocks[0].get();
    for (size_t i = 0;;) {
        const Instr& instr = block->instrs[i++];
        const auto& o = instr.operands;
        bool leaves = false;
        int target = -1;
        if (integer(instr) || floating(instr) || memory(instr))
            continue;
        switch (instr.op) {
        case Opcode::kAddExit:
        case Opcode::kSubExit:
        case Opcode::kMulExit:
            leaves = overflowing(instr);
            break;
        case Opcode::kExitIf:
            leaves = holds(instr.cc, value(o[0]), value(o[1]));
            break;
        case Opcode::kFExitIf:
            leaves = holdsFp(instr.cc, fp(o[0]), fp(o[1]));
            break;
        case Opcode::kExitIfMem64:
            leaves = read<uint64_t>(instr) == value(o[1]);
            break;
        case Opcode::kExitIfMem32:
            leaves = read<uint32_t>(instr) == value(o[1]);
            break;
        case Opcode::kCall:
            set(instr, callHash(instr, 1));
            break;
        case Opcode::kFCall:
            setFp(instr, floatCall(fp(o[1]), fp(o[2])));
            break;
        case Opcode::kColdCall:
            set(instr, holds(instr.cc, value(o[0]), 0) ? callHash(instr, 2) : value(o[0]));
            break;
        case Opcode::kIncref:
        case Opcode::kXIncref:
            count(instr, 1);
            break;
        case Opcode::kDecref:
        case Opcode::kXDecref:
        case Opcode::kRelease:
        case Opcode::kXRelease:
            count(instr, -1);
            break;
        case Opcode::kJump:
            target = 0;
            break;
        case Opcode::kBranch:
            target = holds(instr.cc, value(o[0]), value(o[1])) ? 0 : 1;
            break;
        case Opcode::kFBranch:
            target = holdsFp(instr.cc, fp(o[0]), fp(o[1])) ? 0 : 1;
            break;
        case Opcode::kRet:
            outcome_.result = value(o[0]);
            return outcome_;
        default:
            ADD_FAILURE() << instr.info().name;
            return outcome_;
        }
        if (leaves) {
            const lir::ExitPoint& exit = fn_.exits[instr.exit];
            outcome_.exitResume = exit.resumeOffset;
            for (const auto* list : {&exit.slots, &exit.stack})
                for (const auto& e : *list)
                    outcome_.exitValues.push_back(e.kind == lir::ExitOperand::kReg
                                                      ? regs_[e.reg]
                                                      : static_cast<uint64_t>(e.bits));
            return outcome_;
        }
        if (target >= 0) {
            const Block* to = instr.targets[target];
            std::vector<uint64_t> args;
            for (VReg v : instr.args[target])
                args.push_back(regs_[v]);
            for (size_t k = 0; k < args.size(); ++k)
                regs_[to->params[k]] = args[k];
            block = to;
            i = 0;
        }
    }
}

void fill(World& world, std::mt19937& random) {
    static constexpr uint64_t kSpecial[] = {
        0, 1, ~uint64_t{0}, 77, 123456, uint64_t{1} << 63, ~uint64_t{0} >> 1, 3};
    for (int i = 0; i < kInputs - kObjects; ++i) {
        if (i < 8)
            world.inputs[i] = random() % 2 ? kSpecial[random() % 8]
                                           : (uint64_t{random()} << 32 | random()) >> random() % 64;
        else
            world.inputs[i] = std::bit_cast<uint64_t>((static_cast<double>(random()) - 2e9) /
                                                      (1 + random() % 1000));
    }
    for (int i = 0; i < kObjects; ++i) {
        world.objects[i][0] = 1 + random() % 3;
        world.inputs[kInputs - 1 - i] = reinterpret_cast<uint64_t>(world.objects[i]);
    }
}

TEST(CodegenFuzz, AgreesWithInterpreter) {
    const char* count = std::getenv("PYSTON_FUZZ_COUNT");
    const char* first = std::getenv("PYSTON_FUZZ_SEED");
    const uint32_t begin = first ? static_cast<uint32_t>(std::atoi(first)) : 1;
    const uint32_t end = begin + (count ? static_cast<uint32_t>(std::atoi(count)) : 300);
    for (uint32_t seed = begin; seed < end; ++seed) {
        SCOPED_TRACE("seed " + std::to_string(seed));
        auto fn = Generator(seed).make();
        ASSERT_EQ(lir::verify(*fn), "") << lir::print(*fn);
        const auto allocation = regalloc::allocate(*fn, cpu::hostTarget());
        ASSERT_EQ(regalloc::check(*fn, allocation, cpu::hostTarget()), "") << lir::print(*fn);
        Compiled code(*fn, allocation);
        std::mt19937 random(seed * 7919);
        for (int run = 0; run < 8; ++run) {
            World interpreted, executed;
            fill(interpreted, random);
            executed = interpreted;
            for (int i = 0; i < kObjects; ++i)
                executed.inputs[kInputs - 1 - i] = reinterpret_cast<uint64_t>(executed.objects[i]);
            const Outcome want = Interpreter(*fn, interpreted).run();
            deallocated.clear();
            const uint64_t result = code.call(executed.inputs, executed.outputs);
            auto dump = [&] { return lir::print(*fn) + code.code().listing; };
            ASSERT_EQ(takenExit.taken, want.exitResume >= 0) << dump();
            if (takenExit.taken) {
                ASSERT_EQ(code.record().resumeOffset, want.exitResume) << dump();
                for (size_t i = 0; i < want.exitValues.size(); ++i)
                    ASSERT_EQ(code.exitValue(i), want.exitValues[i]) << i << dump();
            } else {
                ASSERT_EQ(result, want.result) << dump();
            }
            for (int i = 0; i < kOutputs; ++i)
                ASSERT_EQ(executed.outputs[i], interpreted.outputs[i]) << i << dump();
            std::vector<int> died;
            for (Object* object : deallocated)
                died.push_back(static_cast<int>(
                    (reinterpret_cast<uint64_t*>(object) - &executed.objects[0][0]) / 2));
            ASSERT_EQ(died, want.died) << dump();
            for (int i = 0; i < kObjects; ++i)
                ASSERT_EQ(executed.objects[i][0], interpreted.objects[i][0]) << dump();
        }
    }
}

} // namespace
} // namespace pyston::test

#endif
