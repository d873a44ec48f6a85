// Random LIR functions in SSA form, for fuzzing.
#pragma once

#include "lir/lir.h"

#include <algorithm>
#include <bit>
#include <memory>
#include <random>
#include <vector>

namespace pyston::lir::test {

// What random code may touch when it is to be run. "Thread state" and "frame" point to arrays; of
// both the first 256 bytes are free for all. The thread state has doubles at `doubles` and, at
// `pointer`, the address of a function of three integers.
struct RunnableMemory {
    int doubles;
    int numDoubles;
    int pointer;
    struct Callee {
        int64_t address;
        int ints, floats;
    };
    std::vector<Callee> callees;      // return an integer
    std::vector<Callee> floatCallees; // return a double
};

// Random functions: a control-flow graph first, then instructions over what dominates.
class RandomLir {
  public:
    struct Options {
        bool fewRegisters = false; // no more than three integer registers in one instruction
        bool large = false;        // hundreds of blocks, and values that live through many of them
        // Only operations that are defined for all values, on memory that the caller describes.
        const RunnableMemory* runnable = nullptr;
    };
    RandomLir(uint32_t seed, Options options) : random_(seed), options_(options) {}

    std::unique_ptr<Function> run() {
        fn_ = std::make_unique<Function>();
        fn_->name = "random";
        fn_->numSlots = below(4);
        fn_->outgoingBytes = 64;
        makeGraph();
        fn_->computePreds();
        findDominators();
        for (size_t i = 0; i < order_.size(); ++i)
            fill(i);
        if (below(3) == 0)
            std::shuffle(fn_->blocks.begin(), fn_->blocks.end(), random_);
        return std::move(fn_);
    }

  private:
    int below(int n) { return static_cast<int>(random_() % static_cast<uint32_t>(n)); }

    Block* newBlock(int params) {
        Block* block = fn_->newBlock();
        for (int i = 0; i < params; ++i)
            block->params.push_back(fn_->newReg(below(3) ? RegClass::kInt : RegClass::kFloat));
        block->loopDepth = below(3);
        block->cold = below(6) == 0;
        return block;
    }

    void makeGraph() {
        int joins = options_.large ? 20 + below(20) : 1 + below(8);
        int most = 1 + below(6);
        Block* first = newBlock(0);
        first->entryOffset = 0;
        for (int i = 0; i < joins; ++i)
            joins_.push_back(newBlock(below(most)));
        for (int i = 0; i < joins; ++i)
            terminate(joins_[i], 3);
        jump(first, joins_[0]);
        if (below(4) == 0) {
            Block* entry = newBlock(0);
            entry->entryOffset = 8;
            jump(entry, joins_[below(joins)]);
        }
        dropUnreachable();
    }

    void jump(Block* block, Block* target) {
        Instr instr;
        instr.op = Opcode::kJump;
        instr.targets[0] = target;
        block->instrs.push_back(instr);
    }

    void terminate(Block* block, int depth) {
        int kind = below(10);
        Instr instr;
        if (kind < 5 && depth > 0) {
            instr.op = below(3) ? Opcode::kBranch : Opcode::kFBranch;
            for (auto& target : instr.targets) {
                target = newBlock(0);
                terminate(target, depth - 1);
            }
        } else if (kind < 8) {
            jump(block, joins_[below(static_cast<int>(joins_.size()))]);
            return;
        } else {
            instr.op = kind == 8 ? Opcode::kRet : Opcode::kExit;
        }
        block->instrs.push_back(instr);
    }

    void dropUnreachable() {
        std::vector<Block*> work;
        std::vector<bool> seen(fn_->blocks.size());
        auto visit = [&](Block* block) {
            if (!seen[block->id]) {
                seen[block->id] = true;
                work.push_back(block);
            }
        };
        for (auto& block : fn_->blocks) {
            if (block->entryOffset >= 0)
                visit(block.get());
        }
        while (!work.empty()) {
            Block* block = work.back();
            work.pop_back();
            for (Block* target : block->instrs.back().targets) {
                if (target)
                    visit(target);
            }
        }
        std::erase_if(fn_->blocks, [&](const auto& block) { return !seen[block->id]; });
        int id = 0;
        for (auto& block : fn_->blocks)
            block->id = id++;
    }

    // doms_[b] holds the ids of the blocks that dominate b, by the data-flow definition.
    void findDominators() {
        size_t n = fn_->blocks.size();
        doms_.assign(n, std::vector<bool>(n, true));
        for (bool changed = true; changed;) {
            changed = false;
            for (auto& block : fn_->blocks) {
                std::vector<bool> now(n, block->entryOffset < 0);
                for (Block* pred : block->preds) {
                    for (size_t i = 0; i < n; ++i)
                        now[i] = now[i] && doms_[pred->id][i];
                }
                now[block->id] = true;
                if (now != doms_[block->id]) {
                    doms_[block->id] = std::move(now);
                    changed = true;
                }
            }
        }
        for (auto& block : fn_->blocks)
            order_.push_back(block.get());
        std::sort(order_.begin(), order_.end(), [&](Block* a, Block* b) {
            auto count = [&](Block* x) {
                return std::count(doms_[x->id].begin(), doms_[x->id].end(), true);
            };
            return count(a) < count(b); // dominators come first
        });
    }

    VReg pick(RegClass cls) {
        std::vector<VReg>& values = available_[cls == RegClass::kFloat];
        if (values.empty() || below(12) == 0) {
            Instr instr;
            instr.op = cls == RegClass::kFloat ? Opcode::kFLoadImm : Opcode::kLoadImm;
            uint64_t bits = cls == RegClass::kFloat ? std::bit_cast<uint64_t>(below(1000) / 8.0)
                            : below(3)              ? static_cast<uint64_t>(below(20))
                                                    : random_() * 0x1000003ull << below(32);
            instr.operands = {Operand::i(static_cast<int64_t>(bits))};
            define(instr, cls);
        }
        int size = static_cast<int>(values.size());
        const bool recent = below(options_.large ? 5 : 2) == 0;
        return values[recent ? size - 1 - below(std::min(size, 4)) : below(size)];
    }

    void define(Instr& instr, RegClass cls) {
        instr.result = fn_->newReg(cls);
        body_.push_back(instr);
        available_[cls == RegClass::kFloat].push_back(instr.result);
    }

    ExitOperand exitOperand() {
        ExitOperand o;
        o.kind = below(4) ? ExitOperand::kReg : ExitOperand::kNull;
        if (o.kind == ExitOperand::kReg) {
            bool isFloat = below(3) == 0;
            o.repr = isFloat ? exits::Repr::kDouble : exits::Repr::kObject;
            o.reg = pick(isFloat ? RegClass::kFloat : RegClass::kInt);
        }
        return o;
    }

    int newExit() {
        ExitPoint exit;
        exit.resumeOffset = static_cast<int32_t>(fn_->exits.size()) * 2;
        for (int i = 0; i < fn_->numSlots; ++i)
            exit.slots.push_back(exitOperand());
        for (int i = below(3); i > 0; --i)
            exit.stack.push_back(exitOperand());
        for (int i = below(2); i > 0; --i)
            exit.releases.push_back(exitOperand());
        fn_->exits.push_back(std::move(exit));
        return static_cast<int>(fn_->exits.size()) - 1;
    }

    Operand anyOperand(char format) {
        if (format == 'I' || (format == 'x' && (below(2) || options_.fewRegisters)))
            return Operand::i(below(100));
        if (format == '*' && below(5) == 0)
            return Operand::i(below(100));
        bool isFloat = format == 'f' || (format == '*' && below(3) == 0);
        return Operand::r(pick(isFloat ? RegClass::kFloat : RegClass::kInt));
    }

    // Fills in operands by the table's formats, and appends.
    void append(Instr instr) {
        for (char format : instr.info().operands) {
            bool isMemory = format == 'm' || format == 'n';
            if (isMemory && options_.runnable) {
                addMemory(instr, format == 'n');
                continue;
            }
            int count = format == 'n' ? 2 : format == '*' ? below(7) : 1;
            for (int i = 0; i < count; ++i)
                instr.operands.push_back(anyOperand(isMemory ? 'g' : format));
        }
        if (instr.op == Opcode::kStackAddr || instr.op == Opcode::kStackStore ||
            instr.op == Opcode::kStackLoad)
            instr.operands[0] = Operand::i(8 * below(fn_->outgoingBytes / 8));
        finish(std::move(instr));
    }

    void finish(Instr instr) {
        if (instr.has(kExit))
            instr.exit = newExit();
        if (instr.has(kCompare)) {
            int cc = below(10);
            bool isFloat = instr.info().operands[0] == 'f';
            instr.cc = static_cast<Cc>(isFloat && cc >= 6 ? cc + 4 : cc);
        }
        for (int t = 0; t < 2; ++t) {
            if (!instr.targets[t])
                continue;
            for (VReg param : instr.targets[t]->params)
                instr.args[t].push_back(pick(fn_->classes[param]));
        }
        ResultKind result = instr.info().result;
        if (result == ResultKind::kNone || (instr.op == Opcode::kCall && below(4) == 0))
            body_.push_back(instr);
        else
            define(instr, result == ResultKind::kFloat ? RegClass::kFloat : RegClass::kInt);
    }

    VReg emit(Opcode op, std::vector<Operand> operands, int32_t disp = 0) {
        Instr instr;
        instr.op = op;
        instr.operands = std::move(operands);
        instr.disp = disp;
        ResultKind result = instr.info().result;
        if (result == ResultKind::kNone)
            body_.push_back(instr);
        else
            define(instr, result == ResultKind::kFloat ? RegClass::kFloat : RegClass::kInt);
        return instr.result;
    }

    VReg pointer() {
        for (int i = 0; i < 3; ++i) {
            VReg v = pick(RegClass::kInt);
            if (isPointer_.size() > static_cast<size_t>(v) && isPointer_[v])
                return v;
        }
        VReg v = emit(below(2) ? Opcode::kLoadTstate : Opcode::kLoadFrame, {});
        isPointer_.resize(v + 1);
        isPointer_[v] = true;
        return v;
    }

    // Stays within the first 256 bytes of an array.
    void addMemory(Instr& instr, bool indexed) {
        VReg base = pointer();
        instr.disp = 8 * below(indexed ? 16 : 32);
        instr.operands.push_back(Operand::r(base));
        if (!indexed)
            return;
        VReg index = emit(Opcode::kAnd, {Operand::r(pick(RegClass::kInt)), Operand::i(15)});
        instr.operands.push_back(Operand::r(index));
        instr.scale = static_cast<uint8_t>(1 << below(4));
    }

    void addArguments(Instr& instr, int ints, int floats) {
        for (int i = 0; i < ints; ++i)
            instr.operands.push_back(below(4) ? Operand::r(pick(RegClass::kInt))
                                              : Operand::i(below(1000)));
        for (int i = 0; i < floats; ++i)
            instr.operands.push_back(Operand::r(pick(RegClass::kFloat)));
    }

    void addCall(Instr& instr, const std::vector<RunnableMemory::Callee>& callees) {
        const auto& callee = callees[static_cast<size_t>(below(static_cast<int>(callees.size())))];
        instr.operands.push_back(Operand::i(callee.address));
        addArguments(instr, callee.ints, callee.floats);
    }

    // The operations that need particular operands to be safe, or to mean the same everywhere.
    void appendRunnable(Instr instr) {
        const RunnableMemory& memory = *options_.runnable;
        switch (instr.op) {
        case Opcode::kStackAddr: // this one and the next two differ from run to run
        case Opcode::kLoadStackPointer:
        case Opcode::kLoadThreadLocal:
        case Opcode::kFNeg: // these two make several kinds of NaN
        case Opcode::kFAbs:
            return;
        case Opcode::kLoadTstate:
        case Opcode::kLoadFrame:
            pointer();
            return;
        case Opcode::kFLoad: {
            VReg base = emit(Opcode::kLoadTstate, {});
            emit(Opcode::kFLoad, {Operand::r(base)}, memory.doubles + 8 * below(memory.numDoubles));
            return;
        }
        case Opcode::kStackStore:
        case Opcode::kStackLoad: {
            int offset = 8 * below(fn_->outgoingBytes / 8);
            emit(Opcode::kStackStore, {Operand::i(offset), Operand::r(pick(RegClass::kInt))});
            if (instr.op == Opcode::kStackLoad)
                emit(instr.op, {Operand::i(offset)});
            return;
        }
        case Opcode::kSDiv:
        case Opcode::kSRem: {
            VReg small = emit(Opcode::kAnd,
                              {Operand::r(pick(RegClass::kInt)), Operand::i(below(2) ? 7 : -8)});
            // Even, and the second bit is set: neither 0 nor -1.
            VReg even = emit(Opcode::kAnd, {Operand::r(small), Operand::i(-2)});
            VReg divisor = emit(Opcode::kOr, {Operand::r(even), Operand::i(2)});
            emit(instr.op, {Operand::r(pick(RegClass::kInt)), Operand::r(divisor)});
            return;
        }
        case Opcode::kCall:
            addCall(instr, memory.callees);
            break;
        case Opcode::kFCall:
            addCall(instr, memory.floatCallees);
            break;
        case Opcode::kColdCall:
            instr.operands.push_back(Operand::r(pick(RegClass::kInt)));
            addCall(instr, memory.callees);
            break;
        case Opcode::kCallMem:
            instr.operands.push_back(Operand::r(emit(Opcode::kLoadTstate, {})));
            instr.disp = memory.pointer;
            addArguments(instr, 3, 0);
            break;
        case Opcode::kIncref:
        case Opcode::kXIncref:
        case Opcode::kDecref:
        case Opcode::kXDecref:
        case Opcode::kRelease:
        case Opcode::kXRelease: {
            bool mayBeNull = instr.op == Opcode::kXIncref || instr.op == Opcode::kXDecref ||
                             instr.op == Opcode::kXRelease;
            instr.operands.push_back(Operand::r(
                mayBeNull && below(2) ? emit(Opcode::kLoadImm, {Operand::i(0)}) : pointer()));
            break;
        }
        default:
            append(std::move(instr));
            return;
        }
        finish(std::move(instr));
    }

    void fill(size_t index) {
        Block* block = order_[index];
        for (auto& values : available_)
            values.clear();
        for (Block* other : order_) {
            if (!doms_[block->id][other->id])
                continue;
            for (VReg v : other->params)
                available_[fn_->classes[v] == RegClass::kFloat].push_back(v);
            if (other == block)
                continue;
            for (const Instr& instr : other->instrs) {
                if (instr.result != kNoReg)
                    available_[fn_->classes[instr.result] == RegClass::kFloat].push_back(
                        instr.result);
            }
        }
        Instr last = block->instrs.back();
        body_.clear();
        for (int i = below(options_.large ? 40 : 12); i > 0; --i) {
            Instr instr;
            do {
                instr.op = static_cast<Opcode>(below(kNumOpcodes));
            } while (instr.has(kTerminator) || (instr.has(kCall) && below(2)));
            options_.runnable ? appendRunnable(instr) : append(instr);
        }
        append(last);
        block->instrs = std::move(body_);
    }

    std::mt19937 random_;
    Options options_;
    std::unique_ptr<Function> fn_;
    std::vector<Block*> joins_, order_;
    std::vector<std::vector<bool>> doms_;
    std::vector<VReg> available_[2];
    std::vector<Instr> body_;
    std::vector<bool> isPointer_; // by register, possibly shorter
};

} // namespace pyston::lir::test
