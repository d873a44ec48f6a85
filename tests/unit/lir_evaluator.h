// Executes LIR on the process's own memory, without register allocation or machine code: what
// lowering means, apart from what becomes of it.
#pragma once

#include "lir/lir.h"

#include <bit>
#include <cmath>
#include <cstdint>
#include <cstring>
#include <stdexcept>
#include <vector>

namespace pyston::lir::test {

class Evaluator {
  public:
    Evaluator(const Function& fn, void* tstate, void* frame)
        : fn_(fn), tstate_(tstate), frame_(frame), regs_(fn.classes.size()),
          outgoing_(static_cast<size_t>(fn.outgoingBytes) / 8 + 1) {}

    struct Outcome {
        const ExitPoint* exit = nullptr; // null: returned
        uint64_t value = 0;              // what Ret returned
    };

    Outcome run(int entryOffset, int64_t fuel = 1'000'000) {
        const Block* block = nullptr;
        for (const auto& b : fn_.blocks) {
            if (b->entryOffset == entryOffset)
                block = b.get();
        }
        for (;;) {
            const Block* next = nullptr;
            for (const Instr& instr : block->instrs) {
                if (--fuel < 0)
                    throw std::runtime_error("does not end");
                if (instr.op == Opcode::kRet)
                    return {nullptr, g(instr.operands[0])};
                if (instr.has(kTerminator) && instr.op != Opcode::kExit) {
                    next = leaveBlock(instr);
                } else if (execute(instr)) {
                    return {&fn_.exits[static_cast<size_t>(instr.exit)], 0};
                }
            }
            block = next;
        }
    }

    // What was seen at observations: the object that died (0: what is pending was served) and the
    // bits of the locals.
    struct Observed {
        uint64_t dead = 0;
        std::vector<uint64_t> slots;
        const ExitPoint* point = nullptr;
    };
    std::vector<Observed> observed;
    bool serviceFails = false;

    uint64_t reg(VReg v) const { return regs_[static_cast<size_t>(v)]; }
    // What an exit would find: the value's 64 bits.
    uint64_t valueOf(const ExitOperand& o) const {
        return o.kind == ExitOperand::kReg ? reg(o.reg) : static_cast<uint64_t>(o.bits);
    }

  private:
    uint64_t g(const Operand& o) const {
        return o.isImm ? static_cast<uint64_t>(o.imm) : reg(o.reg);
    }
    int64_t s(const Operand& o) const { return static_cast<int64_t>(g(o)); }
    double f(const Operand& o) const { return std::bit_cast<double>(g(o)); }
    bool isFloat(const Operand& o) const {
        return !o.isImm && fn_.classes[static_cast<size_t>(o.reg)] == RegClass::kFloat;
    }
    void set(const Instr& i, uint64_t value) { regs_[static_cast<size_t>(i.result)] = value; }
    void setDouble(const Instr& i, double d) { set(i, std::bit_cast<uint64_t>(d)); }

    template<typename T> static T read(uint64_t address) {
        T value;
        std::memcpy(&value, reinterpret_cast<const void*>(address), sizeof value);
        return value;
    }
    template<typename T> static void write(uint64_t address, T value) {
        std::memcpy(reinterpret_cast<void*>(address), &value, sizeof value);
    }
    uint64_t memory(const Instr& i) const {
        return g(i.operands[0]) + static_cast<uint64_t>(static_cast<int64_t>(i.disp));
    }
    uint64_t indexed(const Instr& i) const { return memory(i) + g(i.operands[1]) * i.scale; }

    static bool compare(Cc cc, uint64_t a, uint64_t b) {
        const auto x = static_cast<int64_t>(a), y = static_cast<int64_t>(b);
        switch (cc) {
        case Cc::kEq:
            return a == b;
        case Cc::kNe:
            return a != b;
        case Cc::kLt:
            return x < y;
        case Cc::kLe:
            return x <= y;
        case Cc::kGt:
            return x > y;
        case Cc::kGe:
            return x >= y;
        case Cc::kULt:
            return a < b;
        case Cc::kULe:
            return a <= b;
        case Cc::kUGt:
            return a > b;
        case Cc::kUGe:
            return a >= b;
        default:
            throw std::runtime_error("float condition");
        }
    }
    static bool compareDouble(Cc cc, double a, double b) {
        switch (cc) {
        case Cc::kEq:
            return a == b;
        case Cc::kNe:
            return !(a == b);
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
        case Cc::kFNotGe:
            return !(a >= b);
        default:
            throw std::runtime_error("unsigned condition");
        }
    }

    const Block* leaveBlock(const Instr& i) {
        int taken = 0;
        if (i.op == Opcode::kBranch)
            taken = compare(i.cc, g(i.operands[0]), g(i.operands[1])) ? 0 : 1;
        else if (i.op == Opcode::kFBranch)
            taken = compareDouble(i.cc, f(i.operands[0]), f(i.operands[1])) ? 0 : 1;
        const Block* target = i.targets[taken];
        std::vector<uint64_t> values;
        for (VReg arg : i.args[taken])
            values.push_back(reg(arg));
        for (size_t p = 0; p < values.size(); ++p)
            regs_[static_cast<size_t>(target->params[p])] = values[p];
        return target;
    }

    uint64_t call(uint64_t address, const Instr& i, size_t first, bool returnsDouble = false) {
        uint64_t a[6] = {};
        double d[2] = {};
        size_t nextInt = 0, nextFloat = 0;
        for (size_t k = first; k < i.operands.size(); ++k) {
            if (isFloat(i.operands[k]))
                d[nextFloat++] = f(i.operands[k]);
            else
                a[nextInt++] = g(i.operands[k]);
        }
        if (returnsDouble) {
            auto* fn = reinterpret_cast<double (*)(uint64_t, uint64_t, uint64_t, uint64_t, uint64_t,
                                                   uint64_t, double, double)>(address);
            return std::bit_cast<uint64_t>(fn(a[0], a[1], a[2], a[3], a[4], a[5], d[0], d[1]));
        }
        auto* fn = reinterpret_cast<uint64_t (*)(uint64_t, uint64_t, uint64_t, uint64_t, uint64_t,
                                                 uint64_t, double, double)>(address);
        return fn(a[0], a[1], a[2], a[3], a[4], a[5], d[0], d[1]);
    }

    void observe(const Instr& i, uint64_t dead) {
        const ExitPoint& point = fn_.exits[static_cast<size_t>(i.exit)];
        observed.push_back({dead, {}, &point});
        for (const ExitOperand& o : point.slots)
            observed.back().slots.push_back(valueOf(o));
    }
    void addReference(uint64_t object, int64_t n) { write(object, read<int64_t>(object) + n); }

    // Returns true when the instruction leaves.
    bool execute(const Instr& i) {
        const auto& o = i.operands;
        switch (i.op) {
        case Opcode::kMove:
            set(i, g(o[0]));
            break;
        case Opcode::kFMove:
            set(i, g(o[0]));
            break;
        case Opcode::kLoadImm:
        case Opcode::kFLoadImm:
            set(i, g(o[0]));
            break;
        case Opcode::kLoadTstate:
            set(i, reinterpret_cast<uint64_t>(tstate_));
            break;
        case Opcode::kLoadFrame:
            set(i, reinterpret_cast<uint64_t>(frame_));
            break;
        case Opcode::kLoadStackPointer:
            set(i, reinterpret_cast<uint64_t>(__builtin_frame_address(0)));
            break;
        case Opcode::kLoadThreadLocal:
            set(i, read<uint64_t>(reinterpret_cast<uint64_t>(__builtin_thread_pointer()) +
                                  static_cast<uint64_t>(o[0].imm)));
            break;
        case Opcode::kLoad64:
        case Opcode::kFLoad:
            set(i, read<uint64_t>(memory(i)));
            break;
        case Opcode::kLoad32S:
            set(i, static_cast<uint64_t>(int64_t{read<int32_t>(memory(i))}));
            break;
        case Opcode::kLoad32U:
            set(i, read<uint32_t>(memory(i)));
            break;
        case Opcode::kLoad8U:
            set(i, read<uint8_t>(memory(i)));
            break;
        case Opcode::kLoadIdx64:
            set(i, read<uint64_t>(indexed(i)));
            break;
        case Opcode::kStore64:
        case Opcode::kFStore:
            write(memory(i), g(o[1]));
            break;
        case Opcode::kStore32:
            write(memory(i), static_cast<uint32_t>(g(o[1])));
            break;
        case Opcode::kStore8:
            write(memory(i), static_cast<uint8_t>(g(o[1])));
            break;
        case Opcode::kStoreIdx64:
            write(indexed(i), g(o[2]));
            break;
        case Opcode::kAddMem64:
            write(memory(i), read<uint64_t>(memory(i)) + g(o[1]));
            break;
        case Opcode::kAddMem32:
            write(memory(i), read<uint32_t>(memory(i)) + static_cast<uint32_t>(g(o[1])));
            break;
        case Opcode::kLea:
            set(i, memory(i));
            break;
        case Opcode::kStackAddr:
            set(i, reinterpret_cast<uint64_t>(outgoing_.data()) + g(o[0]));
            break;
        case Opcode::kStackStore:
            outgoing_.at(g(o[0]) / 8) = g(o[1]);
            break;
        case Opcode::kStackLoad:
            set(i, outgoing_.at(g(o[0]) / 8));
            break;
        case Opcode::kAdd:
            set(i, g(o[0]) + g(o[1]));
            break;
        case Opcode::kSub:
            set(i, g(o[0]) - g(o[1]));
            break;
        case Opcode::kMul:
            set(i, g(o[0]) * g(o[1]));
            break;
        case Opcode::kAnd:
            set(i, g(o[0]) & g(o[1]));
            break;
        case Opcode::kOr:
            set(i, g(o[0]) | g(o[1]));
            break;
        case Opcode::kXor:
            set(i, g(o[0]) ^ g(o[1]));
            break;
        case Opcode::kShl:
            set(i, g(o[0]) << (g(o[1]) & 63));
            break;
        case Opcode::kShr:
            set(i, g(o[0]) >> (g(o[1]) & 63));
            break;
        case Opcode::kSar:
            set(i, static_cast<uint64_t>(s(o[0]) >> (g(o[1]) & 63)));
            break;
        case Opcode::kNeg:
            set(i, 0 - g(o[0]));
            break;
        case Opcode::kNot:
            set(i, ~g(o[0]));
            break;
        case Opcode::kSDiv:
        case Opcode::kSRem:
            if (s(o[1]) == 0 || s(o[1]) == -1)
                throw std::runtime_error("division by 0 or -1");
            set(i, static_cast<uint64_t>(i.op == Opcode::kSDiv ? s(o[0]) / s(o[1])
                                                               : s(o[0]) % s(o[1])));
            break;
        case Opcode::kAddExit:
            return overflow(i, __builtin_add_overflow(s(o[0]), s(o[1]), &wide_));
        case Opcode::kSubExit:
            return overflow(i, __builtin_sub_overflow(s(o[0]), s(o[1]), &wide_));
        case Opcode::kMulExit:
            return overflow(i, __builtin_mul_overflow(s(o[0]), s(o[1]), &wide_));
        case Opcode::kNegExit:
            return overflow(i, __builtin_sub_overflow(int64_t{0}, s(o[0]), &wide_));
        case Opcode::kFAdd:
            setDouble(i, f(o[0]) + f(o[1]));
            break;
        case Opcode::kFSub:
            setDouble(i, f(o[0]) - f(o[1]));
            break;
        case Opcode::kFMul:
            setDouble(i, f(o[0]) * f(o[1]));
            break;
        case Opcode::kFDiv:
            setDouble(i, f(o[0]) / f(o[1]));
            break;
        case Opcode::kFNeg:
            set(i, g(o[0]) ^ (uint64_t{1} << 63));
            break;
        case Opcode::kFAbs:
            set(i, g(o[0]) & ~(uint64_t{1} << 63));
            break;
        case Opcode::kFSqrt:
            setDouble(i, std::sqrt(f(o[0])));
            break;
        case Opcode::kIntToFloat:
            setDouble(i, static_cast<double>(s(o[0])));
            break;
        case Opcode::kFloatBits:
            set(i, g(o[0]));
            break;
        case Opcode::kSetCmp:
            set(i, compare(i.cc, g(o[0]), g(o[1])));
            break;
        case Opcode::kFSetCmp:
            set(i, compareDouble(i.cc, f(o[0]), f(o[1])));
            break;
        case Opcode::kSelect:
            set(i, compare(i.cc, g(o[0]), g(o[1])) ? g(o[2]) : g(o[3]));
            break;
        case Opcode::kExit:
            return true;
        case Opcode::kExitIf:
            return compare(i.cc, g(o[0]), g(o[1]));
        case Opcode::kFExitIf:
            return compareDouble(i.cc, f(o[0]), f(o[1]));
        case Opcode::kExitIfMem64:
            return compare(i.cc, read<uint64_t>(memory(i)), g(o[1]));
        case Opcode::kExitIfMem32:
            return compare(i.cc, static_cast<uint64_t>(int64_t{read<int32_t>(memory(i))}),
                           static_cast<uint64_t>(int64_t{static_cast<int32_t>(g(o[1]))}));
        case Opcode::kExitIfMem8:
            return compare(i.cc, read<uint8_t>(memory(i)), g(o[1]));
        case Opcode::kCall: {
            const uint64_t result = call(g(o[0]), i, 1);
            if (i.result != kNoReg)
                set(i, result);
            break;
        }
        case Opcode::kFCall:
            set(i, call(g(o[0]), i, 1, true));
            break;
        case Opcode::kCallMem:
            set(i, call(read<uint64_t>(memory(i)), i, 1));
            break;
        case Opcode::kColdCall:
            set(i, compare(i.cc, g(o[0]), 0) ? call(g(o[1]), i, 2) : g(o[0]));
            break;
        case Opcode::kIncref:
            addReference(g(o[0]), 1);
            break;
        case Opcode::kXIncref:
            if (g(o[0]))
                addReference(g(o[0]), 1);
            break;
        case Opcode::kDecref:
            addReference(g(o[0]), -1);
            break;
        case Opcode::kXDecref:
            if (g(o[0]))
                addReference(g(o[0]), -1);
            break;
        case Opcode::kRelease:
        case Opcode::kXRelease:
            if (i.op == Opcode::kXRelease && g(o[0]) == 0)
                break;
            addReference(g(o[0]), -1);
            if (read<int64_t>(g(o[0])) != 0)
                break;
            observe(i, g(o[0]));
            return serviceFails &&
                   fn_.exits[static_cast<size_t>(i.exit)].reason == exits::Reason::kTracing;
        case Opcode::kServeIfMem32:
            if (read<int32_t>(memory(i)) == 0)
                break;
            observe(i, 0);
            return serviceFails;
        default:
            throw std::runtime_error("not known: " + std::string(i.info().name));
        }
        return false;
    }

    bool overflow(const Instr& i, bool overflowed) {
        set(i, static_cast<uint64_t>(wide_));
        return overflowed;
    }

    const Function& fn_;
    void* tstate_;
    void* frame_;
    std::vector<uint64_t> regs_;
    std::vector<uint64_t> outgoing_;
    int64_t wide_ = 0;
};

} // namespace pyston::lir::test
