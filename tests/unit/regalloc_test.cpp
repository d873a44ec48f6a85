#include "cpu/target.h"
#include "lir/lir.h"
#include "regalloc/regalloc.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <cstdio>
#include <cstdlib>
#include <ctime>
#include <random>

namespace pyston::regalloc {
namespace {

using lir::Block;
using lir::Function;
using lir::Instr;
using lir::Opcode;
using lir::Operand;
using lir::RegClass;
using lir::VReg;

cpu::Target makeTarget(const char* name, uint64_t gp, uint64_t gpCallerSaved, uint64_t fp,
                       uint64_t fpCallerSaved) {
    cpu::Target target{};
    target.name = name;
    target.gpAllocatable = gp;
    target.gpCallerSaved = gpCallerSaved;
    target.fpAllocatable = fp;
    target.fpCallerSaved = fpCallerSaved;
    target.gpScratch = target.fpScratch = 40;
    return target;
}

// Register files like those of the real CPUs, and small ones that make everything scarce.
const cpu::Target kX86 = makeTarget("x86_64", 0x97cf, 0x07c7, 0x7fff, 0x7fff);
const cpu::Target kArm = makeTarget("aarch64", 0x07f8ffff, 0xffff, 0x7fffffff, 0x7fff00ff);
const cpu::Target kTiny = makeTarget("tiny", 0x7, 0x3, 0x3, 0x3);
const cpu::Target kSmall = makeTarget("small", 0xf, 0x3, 0x7, 0x3);

std::unique_ptr<Function> parsed(std::string_view text) {
    std::string error;
    auto fn = lir::parse(text, &error);
    EXPECT_TRUE(fn) << error;
    if (fn) {
        EXPECT_EQ(lir::verify(*fn), "");
    }
    return fn;
}

Allocation allocated(const Function& fn, const cpu::Target& target) {
    Allocation allocation = allocate(fn, target);
    EXPECT_EQ(check(fn, allocation, target), "") << target.name << "\n" << lir::print(fn);
    return allocation;
}

const InstrPlaces& at(const Allocation& a, int block, int instr) {
    return a.blocks[block].instrs[instr];
}

bool isReg(Place p) {
    return p.kind == Place::kRegister;
}

size_t countMoves(const Allocation& a) {
    size_t n = 0;
    for (const BlockPlaces& block : a.blocks) {
        n += block.atEnd.size();
        for (const InstrPlaces& instr : block.instrs)
            n += instr.before.size();
    }
    return n;
}

// Moves that run in each iteration of the given blocks.
size_t countMovesIn(const Allocation& a, std::initializer_list<int> blocks) {
    size_t n = 0;
    for (int b : blocks) {
        n += a.blocks[b].atEnd.size();
        for (const InstrPlaces& instr : a.blocks[b].instrs)
            n += instr.before.size();
    }
    return n;
}

TEST(RegAlloc, StraightLine) {
    auto fn = parsed(R"(function "f" slots 0 outgoing 0
b0: entry 0
  v0 = LoadFrame
  v1 = Load64 [v0 + 8]
  v2 = Add v1, 1
  v3 = Sub v2, v1
  Ret v3
)");
    for (const auto* target : {&kX86, &kArm, &kTiny}) {
        Allocation a = allocated(*fn, *target);
        EXPECT_EQ(a.numSpills, 0);
        EXPECT_EQ(countMoves(a), 0u);
        EXPECT_EQ(at(a, 0, 4).operands[0], at(a, 0, 3).result);
        // Two-address code without a copy where the first operand dies.
        EXPECT_EQ(at(a, 0, 3).operands[0], at(a, 0, 3).result);
    }
}

constexpr std::string_view kLoop = R"(function "loop" slots 1 outgoing 0
b0: entry 0
  v0 = LoadFrame
  v1 = Load64 [v0 + 8]
  v2 = LoadImm 0
  v3 = FLoadImm 0
  Jump b1(v2, v3)
b1(v4:g, v5:f): depth 1
  Branch.lt v4, v1, b2, b3
b2: depth 1
  v6 = IntToFloat v4
  v7 = FAdd v5, v6
  v8 = AddExit v4, 1 -> e0
  Jump b1(v8, v7)
b3:
  v9 = FloatBits v5
  Ret v9
exit e0: guard op 1 resume 2 instr 2
  slots v4 int64
  stack v7 double
  releases
)";

TEST(RegAlloc, LoopStaysInRegisters) {
    auto fn = parsed(kLoop);
    for (const auto* target : {&kX86, &kArm}) {
        Allocation a = allocated(*fn, *target);
        EXPECT_EQ(a.numSpills, 0);
        EXPECT_EQ(countMovesIn(a, {1, 3}), 0u);
        // v8 cannot share the register of v4, which its exit needs; the sum needs no move.
        EXPECT_LE(countMovesIn(a, {2}), 1u);
        EXPECT_NE(at(a, 2, 2).result, at(a, 2, 2).exitSlots[0]);
    }
}

TEST(RegAlloc, ExitValuesDoNotShareTheResult) {
    auto fn = parsed(R"(function "f" slots 2 outgoing 0
b0: entry 0
  v0 = LoadFrame
  v1 = Load64 [v0 + 8]
  v2 = AddExit v1, v0 -> e0
  v3 = NegExit v2 -> e1
  Ret v3
exit e0: guard op 1 resume 2 instr 2
  slots v1 int64, v0 object
  stack
  releases v0 object
exit e1: guard op 1 resume 2 instr 2
  slots null, frame
  stack const 5 int64
  releases
)");
    for (const auto* target : {&kX86, &kArm, &kTiny}) {
        Allocation a = allocated(*fn, *target);
        const InstrPlaces& add = at(a, 0, 2);
        EXPECT_NE(add.result, add.exitSlots[0]);
        EXPECT_NE(add.result, add.exitSlots[1]);
        EXPECT_NE(add.result, add.operands[1]);
        EXPECT_EQ(at(a, 0, 3).operands[0], at(a, 0, 3).result);
        EXPECT_EQ(at(a, 0, 3).exitSlots[0].kind, Place::kNone);
    }
}

TEST(RegAlloc, ValuesAcrossCallsAreInCalleeSavedRegisters) {
    auto fn = parsed(R"(function "f" slots 0 outgoing 0
b0: entry 0
  v0 = LoadFrame
  v1 = Load64 [v0 + 8]
  v2 = FLoad [v0 + 16]
  v3 = Call 4096, v1, v0, v2
  v4 = FAdd v2, v2
  v5 = FloatBits v4
  v6 = Add v3, v1
  v7 = Add v6, v5
  Ret v7
)");
    Allocation a = allocated(*fn, kX86);
    Place kept = at(a, 0, 6).operands[1];
    EXPECT_TRUE(isReg(kept) && !(kX86.gpCallerSaved >> kept.index & 1));
    // No float register survives a call on x86-64: one store, one load.
    EXPECT_EQ(a.numSpills, 1);
    EXPECT_EQ(countMoves(a), 2u);
    a = allocated(*fn, kArm);
    EXPECT_EQ(a.numSpills, 0);
    EXPECT_EQ(countMoves(a), 0u);
    allocated(*fn, kTiny);
}

TEST(RegAlloc, CallArgumentsNeedNoRegister) {
    std::string text = "function \"f\" slots 0 outgoing 0\nb0: entry 0\n  v0 = LoadFrame\n";
    for (int i = 1; i <= 6; ++i)
        text += "  v" + std::to_string(i) + " = Load64 [v0 + " + std::to_string(8 * i) + "]\n";
    text += "  v7 = Call 4096, v1, v2, v3, v4, v5, v6\n  Ret v7\n";
    auto fn = parsed(text);
    Allocation a = allocated(*fn, kTiny);
    // Stored where they are defined, never reloaded.
    EXPECT_LE(countMoves(a), 6u);
    EXPECT_GT(a.numSpills, 0);
    a = allocated(*fn, kX86);
    EXPECT_EQ(countMoves(a), 0u);
}

TEST(RegAlloc, ColdCallsSaveWhatLives) {
    auto fn = parsed(R"(function "f" slots 0 outgoing 0
b0: entry 0
  v0 = LoadFrame
  v1 = Load64 [v0 + 8]
  v2 = FLoad [v0 + 16]
  v3 = Load64 [v0 + 24]
  Decref v1
  v4 = ColdCall.eq v3, 4096, v3, v2
  v5 = FloatBits v2
  v6 = Add v4, v5
  v7 = Add v6, v0
  Ret v7
)");
    Allocation a = allocated(*fn, kX86);
    EXPECT_EQ(a.numSpills, 0);
    EXPECT_EQ(countMoves(a), 0u);
    const InstrPlaces& decref = at(a, 0, 4);
    uint64_t expected = uint64_t{1} << at(a, 0, 3).result.index;
    expected |= uint64_t{1} << at(a, 0, 0).result.index;
    EXPECT_EQ(decref.liveGpAcross, expected & kX86.gpCallerSaved);
    EXPECT_EQ(decref.liveFpAcross, uint64_t{1} << at(a, 0, 2).result.index);
    const InstrPlaces& cold = at(a, 0, 5);
    EXPECT_FALSE(cold.liveGpAcross >> cold.result.index & 1);
    EXPECT_EQ(cold.liveGpAcross, uint64_t{1} << at(a, 0, 0).result.index & kX86.gpCallerSaved);
    EXPECT_NE(cold.operands[2], cold.result);
}

TEST(RegAlloc, LoopValuesWinOverThoseLiveThroughIt) {
    // On x86-64 six values are live through the loop and unused in it; two are used across a call.
    std::string text = "function \"f\" slots 0 outgoing 0\nb0: entry 0\n  v0 = LoadFrame\n";
    for (int i = 1; i <= 8; ++i)
        text += "  v" + std::to_string(i) + " = Load64 [v0 + " + std::to_string(8 * i) + "]\n";
    text += R"(  v9 = LoadImm 0
  Jump b1(v9, v9)
b1(v10:g, v11:g): depth 1
  v12 = Call 4096, v10
  v13 = Add v11, v12
  v14 = Add v10, 1
  Branch.lt v14, v8, b2, b3
b2: depth 1
  Jump b1(v14, v13)
b3:
  v20 = Add v13, v1
  v21 = Add v20, v2
  v22 = Add v21, v3
  v23 = Add v22, v4
  v24 = Add v23, v5
  v25 = Add v24, v6
  v26 = Add v25, v7
  Ret v26
)";
    auto fn = parsed(text);
    Allocation a = allocated(*fn, kX86);
    EXPECT_GT(a.numSpills, 0);
    EXPECT_EQ(countMovesIn(a, {1, 2}), 0u) << "loads or stores in the loop";
}

TEST(RegAlloc, ColdPathsPayForTheirCalls) {
    // The call on the rare path clobbers; the frequent path keeps its registers and does not store.
    auto fn = parsed(R"(function "f" slots 0 outgoing 0
b0: entry 0
  v0 = LoadFrame
  v1 = FLoad [v0 + 8]
  v2 = Load64 [v0 + 16]
  v3 = LoadImm 0
  Jump b1(v3, v1)
b1(v4:g, v5:f): depth 1
  v6 = FAdd v5, v5
  Branch.eq v4, v2, b2, b3
b2: cold depth 1
  Call 4096, v4
  Jump b4
b3: depth 1
  Jump b4
b4: depth 1
  v7 = FMul v5, v6
  v8 = Add v4, 1
  Branch.lt v8, v2, b5, b6
b5: depth 1
  Jump b1(v8, v7)
b6:
  v9 = FloatBits v7
  Ret v9
)");
    Allocation a = allocated(*fn, kX86);
    EXPECT_EQ(countMovesIn(a, {1, 3, 4, 5}), 0u);
    EXPECT_GT(countMovesIn(a, {2}), 0u);
}

TEST(RegAlloc, HighPressureReloadsOncePerUse) {
    std::string text = "function \"f\" slots 0 outgoing 0\nb0: entry 0\n  v0 = LoadFrame\n";
    int n = 30;
    for (int i = 1; i <= n; ++i) {
        text += "  v" + std::to_string(i) + " = Load64 [v0 + " + std::to_string(8 * i) + "]\n";
        text += "  v" + std::to_string(100 + i) + " = FLoad [v0 + " + std::to_string(8 * i) + "]\n";
    }
    for (int i = 1; i <= n; ++i) {
        text += "  Store64 [v0 - " + std::to_string(8 * i) + "], v" + std::to_string(i) + "\n";
        text += "  FStore [v0 - " + std::to_string(8 * i) + "], v" + std::to_string(100 + i) + "\n";
    }
    text += "  Ret v0\n";
    auto fn = parsed(text);
    for (const auto* target : {&kX86, &kArm, &kTiny, &kSmall}) {
        Allocation a = allocated(*fn, *target);
        EXPECT_LE(countMoves(a), static_cast<size_t>(4 * n) + 2) << target->name;
        EXPECT_LE(a.numSpills, 2 * n + 1);
    }
}

TEST(RegAlloc, SpillSlotsAreShared) {
    std::string text = "function \"f\" slots 0 outgoing 0\nb0: entry 0\n";
    for (int i = 0; i < 20; ++i) {
        text += "  v" + std::to_string(2 * i) + " = FLoadImm " + std::to_string(i) + "\n";
        text += "  v" + std::to_string(2 * i + 1) + " = Call 4096\n";
        text += "  FStore [v" + std::to_string(2 * i + 1) + "], v" + std::to_string(2 * i) + "\n";
    }
    text += "  Ret v1\n";
    auto fn = parsed(text);
    EXPECT_EQ(allocated(*fn, kX86).numSpills, 1);
}

TEST(RegAlloc, ParametersThatSwap) {
    auto fn = parsed(R"(function "f" slots 0 outgoing 0
b0: entry 0
  v0 = LoadImm 1
  v1 = LoadImm 2
  v2 = LoadImm 3
  v3 = FLoadImm 4
  v4 = FLoadImm 5
  Jump b1(v0, v1, v2, v3, v4)
b1(v5:g, v6:g, v7:g, v8:f, v9:f): depth 1
  Branch.lt v5, v6, b2, b3
b2: depth 1
  Jump b1(v7, v5, v6, v9, v8)
b3:
  v10 = FloatBits v8
  v11 = Add v10, v7
  Ret v11
)");
    for (const auto* target : {&kX86, &kArm, &kTiny})
        allocated(*fn, *target);
    EXPECT_EQ(allocated(*fn, kX86).blocks[2].atEnd.size(), 5u);
}

TEST(RegAlloc, ManyParameters) {
    std::string text = "function \"f\" slots 0 outgoing 0\nb0: entry 0\n";
    std::string args, params, rotated;
    int n = 40;
    for (int i = 0; i < n; ++i) {
        text += "  v" + std::to_string(i) + " = LoadImm " + std::to_string(i) + "\n";
        args += (i ? ", v" : "v") + std::to_string(i);
        params += (i ? ", v" : "v") + std::to_string(100 + i) + ":g";
        rotated += (i ? ", v" : "v") + std::to_string(100 + (i + 7) % n);
    }
    text += "  Jump b1(" + args + ")\nb1(" + params + "): depth 1\n" +
            "  Branch.lt v100, v101, b2, b3\nb2: depth 1\n  Jump b1(" + rotated +
            ")\nb3:\n  Ret v139\n";
    auto fn = parsed(text);
    for (const auto* target : {&kX86, &kArm, &kTiny})
        allocated(*fn, *target);
}

TEST(RegAlloc, CheckFindsWrongAllocations) {
    auto fn = parsed(kLoop);
    Allocation good = allocated(*fn, kX86);
    Allocation bad = good;
    bad.blocks[2].instrs[1].operands[0].index ^= 1;
    EXPECT_NE(check(*fn, bad, kX86), "");
    bad = good;
    bad.blocks[2].instrs[2].result = bad.blocks[2].instrs[2].exitSlots[0];
    EXPECT_NE(check(*fn, bad, kX86), "");
    bad = good;
    bad.blocks[2].instrs[2].exitSlots[0] = {Place::kSpill, 0};
    EXPECT_NE(check(*fn, bad, kX86), "");
    bad = good;
    bad.blocks[2].instrs[0].before.push_back(
        {RegClass::kInt, at(good, 0, 1).result, at(good, 0, 2).result});
    EXPECT_NE(check(*fn, bad, kX86), "");
    bad = good;
    ASSERT_FALSE(good.blocks[2].atEnd.empty());
    bad.blocks[2].atEnd.clear();
    EXPECT_NE(check(*fn, bad, kX86), "");
}

// Random functions: a control-flow graph first, then instructions over what dominates.
class Generator {
  public:
    Generator(uint32_t seed, bool fewRegisters) : random_(seed), fewRegisters_(fewRegisters) {}

    std::unique_ptr<Function> run() {
        fn_ = std::make_unique<Function>();
        fn_->name = "random";
        fn_->numSlots = below(4);
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
        int joins = 1 + below(8);
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
            instr.operands = {Operand::i(below(1000))};
            define(instr, cls);
        }
        int size = static_cast<int>(values.size());
        return values[below(2) ? size - 1 - below(std::min(size, 4)) : below(size)];
    }

    void define(Instr& instr, RegClass cls) {
        instr.result = fn_->newReg(cls);
        body_.push_back(instr);
        available_[cls == RegClass::kFloat].push_back(instr.result);
    }

    lir::ExitOperand exitOperand() {
        lir::ExitOperand o;
        o.kind = below(4) ? lir::ExitOperand::kReg : lir::ExitOperand::kNull;
        if (o.kind == lir::ExitOperand::kReg) {
            bool isFloat = below(3) == 0;
            o.repr = isFloat ? exits::Repr::kDouble : exits::Repr::kObject;
            o.reg = pick(isFloat ? RegClass::kFloat : RegClass::kInt);
        }
        return o;
    }

    int newExit() {
        lir::ExitPoint exit;
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
        if (format == 'I' || (format == 'x' && (below(2) || fewRegisters_)))
            return Operand::i(below(100));
        if (format == '*' && below(5) == 0)
            return Operand::i(below(100));
        bool isFloat = format == 'f' || (format == '*' && below(3) == 0);
        return Operand::r(pick(isFloat ? RegClass::kFloat : RegClass::kInt));
    }

    // Fills in operands by the table's formats, and appends.
    void append(Instr instr) {
        for (char format : instr.info().operands) {
            int count = format == 'n' ? 2 : format == '*' ? below(7) : 1;
            for (int i = 0; i < count; ++i)
                instr.operands.push_back(anyOperand(format == 'm' || format == 'n' ? 'g' : format));
        }
        if (instr.has(lir::kExit))
            instr.exit = newExit();
        if (instr.has(lir::kCompare))
            instr.cc = static_cast<lir::Cc>(below(6));
        for (int t = 0; t < 2; ++t) {
            if (!instr.targets[t])
                continue;
            for (VReg param : instr.targets[t]->params)
                instr.args[t].push_back(pick(fn_->classes[param]));
        }
        lir::ResultKind result = instr.info().result;
        if (result == lir::ResultKind::kNone || (instr.has(lir::kCall) && below(4) == 0))
            body_.push_back(instr);
        else
            define(instr, result == lir::ResultKind::kFloat ? RegClass::kFloat : RegClass::kInt);
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
                if (instr.result != lir::kNoReg)
                    available_[fn_->classes[instr.result] == RegClass::kFloat].push_back(
                        instr.result);
            }
        }
        Instr last = block->instrs.back();
        body_.clear();
        for (int i = below(12); i > 0; --i) {
            Instr instr;
            do {
                instr.op = static_cast<Opcode>(below(lir::kNumOpcodes));
            } while (instr.has(lir::kTerminator) || (instr.has(lir::kCall) && below(2)));
            append(instr);
        }
        append(last);
        block->instrs = std::move(body_);
    }

    std::mt19937 random_;
    bool fewRegisters_;
    std::unique_ptr<Function> fn_;
    std::vector<Block*> joins_, order_;
    std::vector<std::vector<bool>> doms_;
    std::vector<VReg> available_[2];
    std::vector<Instr> body_;
};

TEST(RegAllocFuzz, RandomFunctions) {
    const char* wanted = std::getenv("PYSTON_FUZZ_ROUNDS");
    const int rounds = wanted ? std::atoi(wanted) : 1500;
    for (int seed = 0; seed < rounds; ++seed) {
        auto fn = Generator(seed, true).run();
        ASSERT_EQ(lir::verify(*fn), "") << seed;
        for (const auto* target : {&kTiny, &kSmall, &kX86, &kArm}) {
            Allocation a = allocate(*fn, *target);
            ASSERT_EQ(check(*fn, a, *target), "")
                << "seed " << seed << " on " << target->name << "\n"
                << lir::print(*fn);
        }
        fn = Generator(seed, false).run();
        for (const auto* target : {&kSmall, &kX86, &kArm}) {
            Allocation a = allocate(*fn, *target);
            ASSERT_EQ(check(*fn, a, *target), "")
                << "seed " << seed << " on " << target->name << "\n"
                << lir::print(*fn);
        }
    }
}

TEST(RegAllocFuzz, TextRoundTrip) {
    for (int seed = 0; seed < 200; ++seed) {
        auto fn = Generator(seed, false).run();
        std::string text = lir::print(*fn);
        std::string error;
        auto again = lir::parse(text, &error);
        ASSERT_TRUE(again) << error;
        ASSERT_EQ(lir::print(*again), text);
        ASSERT_EQ(lir::verify(*again), "");
    }
}

// A large function: `blocks` diamonds in loops, with values that live through everything.
std::unique_ptr<Function> largeFunction(int blocks, int perBlock, int longLived) {
    auto fn = std::make_unique<Function>();
    std::mt19937 random(3);
    Block* entry = fn->newBlock();
    entry->entryOffset = 0;
    fn->exits.emplace_back();
    auto add = [&](Block* b, Opcode op, std::vector<Operand> operands) {
        Instr instr;
        instr.op = op;
        instr.operands = std::move(operands);
        if (instr.has(lir::kExit))
            instr.exit = 0;
        if (instr.info().result != lir::ResultKind::kNone)
            instr.result = fn->newReg(RegClass::kInt);
        b->instrs.push_back(instr);
        return instr.result;
    };
    std::vector<VReg> values;
    for (int i = 0; i < longLived; ++i)
        values.push_back(add(entry, Opcode::kLoadImm, {Operand::i(i)}));
    for (int i = 0; i < 8; ++i) {
        lir::ExitOperand o;
        o.kind = lir::ExitOperand::kReg;
        o.reg = values[i];
        fn->exits[0].stack.push_back(o);
    }
    Block* block = entry;
    auto jumpTo = [&](Block* from, Block* to) {
        add(from, Opcode::kJump, {});
        from->instrs.back().targets[0] = to;
    };
    for (int i = 0; i < blocks; i += 4) {
        Block* head = fn->newBlock();
        Block* left = fn->newBlock();
        Block* right = fn->newBlock();
        Block* next = fn->newBlock();
        jumpTo(block, head);
        head->loopDepth = left->loopDepth = 1;
        for (Block* b : {head, left, right, next}) {
            std::vector<VReg> local = {values[random() % values.size()]};
            for (int k = 0; k < perBlock; ++k) {
                VReg a =
                    random() % 4
                        ? local[local.size() - 1 - random() % std::min<size_t>(local.size(), 8)]
                        : values[random() % values.size()];
                VReg c = local[random() % local.size()];
                int kind = static_cast<int>(random() % 20);
                local.push_back(kind == 0 ? add(b, Opcode::kCall, {Operand::i(64), Operand::r(a)})
                                : kind < 10
                                    ? add(b, Opcode::kAddExit, {Operand::r(a), Operand::r(c)})
                                    : add(b, Opcode::kSub, {Operand::r(a), Operand::r(c)}));
            }
        }
        add(head, Opcode::kBranch, {Operand::r(values[0]), Operand::i(0)});
        head->instrs.back().targets[0] = left;
        head->instrs.back().targets[1] = right;
        jumpTo(left, head);
        jumpTo(right, next);
        block = next;
    }
    add(block, Opcode::kRet, {Operand::r(values[0])});
    fn->computePreds();
    return fn;
}

TEST(RegAlloc, LargeFunctionsTakeLinearTime) {
    for (int longLived : {10, 300}) {
        auto fn = largeFunction(200, 100, longLived);
        ASSERT_EQ(lir::verify(*fn), "");
        for (const auto* target : {&kX86, &kArm}) {
            double best = 1e9;
            Allocation a;
            for (int i = 0; i < 3; ++i) {
                std::clock_t begin = std::clock(); // of this process only
                a = allocate(*fn, *target);
                best = std::min(best,
                                1e3 * static_cast<double>(std::clock() - begin) / CLOCKS_PER_SEC);
            }
            EXPECT_EQ(check(*fn, a, *target), "");
            RecordProperty(std::string(target->name) + std::to_string(longLived),
                           std::to_string(best));
            std::printf("%s, %d long-lived: %.1f ms, %zu moves, %d slots\n", target->name,
                        longLived, best, countMoves(a), a.numSpills);
            EXPECT_LT(best, 400.0); // generous: sanitizers, shared machines
        }
    }
}

} // namespace
} // namespace pyston::regalloc
