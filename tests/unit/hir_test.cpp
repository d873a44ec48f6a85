// The graph, its text form and the verifier.
#include "hir/hir.h"
#include "runtime/helpers.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cmath>
#include <limits>

namespace pyston::hir {
namespace {

using ::testing::HasSubstr;

constexpr std::string_view kLoop =
    R"(func "sum.<locals>.<lambda>" slots=3 locals=2 stack=4 generic=[12 40] {
bb0 (entry 0):
  v0:obj = LoadFrameSlot $0
  v1:obj? = LoadFrameSlot $1
  v2:obj:int = GuardType v0 int [fs0]
  v3:i64 = UnboxInt v2 [fs0]
  v4:i64 = ConstInt #-5
  Jump bb1
bb1 <- bb0 bb2 (loop, start fs1):
  v5:i64 = Phi v3 v7
  v6:bool = IntCompare v5 v4 lt
  Branch v6 bb2 bb3
bb2 <- bb1:
  v7:i64 = IntAdd v5 v4 [fs1]
  Jump bb1
bb3 <- bb1 (cold):
  v8:obj:int = BoxInt v5 [fs2]
  Return v8
fs0: resume=4 at=6 slots=[v0 v1 _] stack=[]
fs1: resume=12 at=12 slots=[v5 v1 _] stack=[v2 _]
fs2: resume=20 at=20 slots=[v5] stack=[] parent=fs0
}
)";

std::unique_ptr<Function> mustParse(std::string_view text) {
    std::string error;
    std::unique_ptr<Function> fn = parse(text, &error);
    EXPECT_NE(fn, nullptr) << error;
    return fn;
}

void expectRoundTrip(std::string_view text) {
    std::unique_ptr<Function> fn = mustParse(text);
    ASSERT_NE(fn, nullptr);
    EXPECT_EQ(print(*fn), text);
}

std::string withBody(std::string_view body) {
    return "func \"f\" slots=1 locals=1 stack=2 {\n" + std::string(body) + "}\n";
}

std::string verifyText(std::string_view text) {
    std::unique_ptr<Function> fn = mustParse(text);
    return fn ? verify(*fn) : "does not parse";
}

// --- text form

TEST(HirText, RoundTripOfALoop) {
    expectRoundTrip(kLoop);
    EXPECT_EQ(verifyText(kLoop), "");
}

TEST(HirText, RoundTripOfEveryImmediate) {
    expectRoundTrip(withBody(R"(bb0 (entry 0):
  v0:obj:str = ConstObject 0x7f00deadbeef
  v1:f64 = ConstDouble 0.1
  v2:f64 = ConstDouble -0
  v3:f64 = ConstDouble 0x7ff8000000000000
  v4:bool = ConstBool #1
  v5:obj = GuardTypeVersion v0 version 17 [fs0]
  v6:obj? = LoadField v5 @-24
  v7:bool = IsClass v0 str
  v8:obj = LoadDictEntry v0 version 9 #3 [fs0]
  v9:bool = DoubleCompare v1 v2 ge
  v10:obj = GuardCode v0 0x1234 [fs0]
  v11:obj = CallRuntime BinaryOp v0 v10 #13 [fs0]
  v12:obj = CallDirect v10 v11 0x1234 [fs0]
  CallRuntime StoreAttr v0 v11 v0 [fs0]
  Return v12
fs0: resume=0 at=0 slots=[v0] stack=[]
)"));
}

TEST(HirText, RoundTripOfExitReferences) {
    expectRoundTrip(withBody(R"(bb0 (entry 0):
  v0:obj = LoadFrameSlot $0
  v1:obj = CallRuntime LoadAttr v0 v0 [fs0: incref | move _ ; releases v0]
  v2:obj = CallRuntime LoadAttr v0 v0 [fs0: frame | consumed _]
  Deopt [fs1]
fs0: resume=0 at=0 slots=[v0] stack=[v0 _]
fs1: resume=4 at=4 slots=[dead] stack=[]
)"));
}

TEST(HirText, NamesAreQuoted) {
    Function fn;
    fn.name = "a \"b\" \\ c";
    Block* block = fn.newBlock(0);
    block->append(fn.newInstr(Opcode::kReturn, {}));
    std::string text = print(fn);
    EXPECT_EQ(mustParse(text)->name, fn.name);
}

TEST(HirText, DoublesAreExact) {
    for (double d : {1e300, 5e-324, 1.0 / 3, -0.0, std::numeric_limits<double>::infinity(), 1e16}) {
        Function fn;
        Block* block = fn.newBlock(0);
        Instr* instr = fn.newInstr(Opcode::kConstDouble, {});
        instr->setImm(std::bit_cast<int64_t>(d));
        block->append(instr);
        std::unique_ptr<Function> again = mustParse(print(fn));
        EXPECT_EQ(again->blocks()[0]->instrs()[0]->imm(), instr->imm()) << d;
    }
}

TEST(HirText, ErrorsNameTheLine) {
    std::string error;
    EXPECT_EQ(parse(withBody("bb0 (entry 0):\n  v0:obj = Frobnicate\n"), &error), nullptr);
    EXPECT_EQ(error, "line 3: unknown operation 'Frobnicate'");
    EXPECT_EQ(parse(withBody("bb0 (entry 0):\n  Return v7\n"), &error), nullptr);
    EXPECT_EQ(error, "line 3: no value 'v7'");
    EXPECT_EQ(parse(withBody("bb0 (entry 0):\n  Jump bb4\n"), &error), nullptr);
    EXPECT_EQ(error, "line 3: no block 'bb4'");
    EXPECT_EQ(parse("func \"f\" {\n", &error), nullptr);
    EXPECT_THAT(error, HasSubstr("missing '}'"));
}

TEST(HirText, MalformedTextNeverCrashes) {
    std::string text(kLoop);
    for (size_t i = 0; i < text.size(); i++) {
        for (char c : {'\0', ' ', '[', 'v', '9'}) {
            std::string broken = text;
            broken[i] = c;
            std::string error;
            std::unique_ptr<Function> fn = parse(broken, &error);
            EXPECT_EQ(fn == nullptr, !error.empty());
        }
        std::string error;
        parse(std::string_view(text).substr(0, i), &error);
    }
}

// --- verifier

TEST(HirVerify, UseBeforeDefinition) {
    EXPECT_THAT(verifyText(withBody(R"(bb0 (entry 0):
  v1:i64 = IntInvert v0
  v0:i64 = ConstInt #1
  v2:obj = CallRuntime NewInt v1 [fs0]
  Return v2
fs0: resume=0 at=0 slots=[_] stack=[]
)")),
                HasSubstr("does not dominate its use"));
}

TEST(HirVerify, FrameStateValueMustDominate) {
    EXPECT_THAT(verifyText(withBody(R"(bb0 (entry 0):
  v0:i64 = ConstInt #1
  v1:obj = CallRuntime NewInt v0 [fs0]
  Return v1
fs0: resume=0 at=0 slots=[v1] stack=[]
)")),
                HasSubstr("names v1, which is not available"));
}

TEST(HirVerify, Representations) {
    EXPECT_THAT(verifyText(withBody(R"(bb0 (entry 0):
  v0:i64 = ConstInt #1
  Return v0
)")),
                HasSubstr("wrong representation"));
    EXPECT_THAT(verifyText(withBody(R"(bb0 (entry 0):
  v0:obj? = LoadFrameSlot $0
  v1:obj = GuardType v0 int [fs0]
  Return v1
fs0: resume=0 at=0 slots=[v0] stack=[]
)")),
                HasSubstr("wrong representation"));
}

TEST(HirVerify, HelperOperandsFollowTheTable) {
    EXPECT_THAT(verifyText(withBody(R"(bb0 (entry 0):
  v0:obj = LoadFrameSlot $0
  v1:obj = CallRuntime BinaryOp v0 #0 [fs0]
  Return v1
fs0: resume=0 at=0 slots=[v0] stack=[]
)")),
                HasSubstr("wrong number of operands"));
    EXPECT_THAT(verifyText(withBody(R"(bb0 (entry 0):
  v0:obj = LoadFrameSlot $0
  v1:obj = CallRuntime IsTrue v0 [fs0]
  Return v1
fs0: resume=0 at=0 slots=[v0] stack=[]
)")),
                HasSubstr("contradicts the table"));
}

TEST(HirVerify, FrameStateNeeded) {
    EXPECT_THAT(verifyText(withBody(R"(bb0 (entry 0):
  v0:obj = LoadFrameSlot $0
  v1:obj:int = GuardType v0 int
  Return v1
)")),
                HasSubstr("needs a frame state"));
    EXPECT_THAT(verifyText(withBody(R"(bb0 (entry 0):
  v0:obj = LoadFrameSlot $0
  v1:obj:int = GuardType v0 int [fs0]
  Return v1
fs0: resume=0 at=0 slots=[v0 v0] stack=[]
)")),
                HasSubstr("wrong number of slots"));
}

TEST(HirVerify, BlockShape) {
    EXPECT_THAT(verifyText(withBody("bb0 (entry 0):\n  v0:i64 = ConstInt #1\n")),
                HasSubstr("does not end with a terminator"));
    EXPECT_THAT(verifyText(withBody(R"(bb0 (entry 0):
  Jump bb1
bb1 <- bb0:
  v0:obj = LoadFrameSlot $0
  Return v0
)")),
                HasSubstr("only entry blocks"));
    EXPECT_THAT(verifyText(withBody(R"(bb0 (entry 0):
  Jump bb1
bb1:
  v0:obj = FrameGlobals
  Return v0
)")),
                HasSubstr("predecessors do not match"));
}

TEST(HirVerify, Phis) {
    EXPECT_THAT(verifyText(withBody(R"(bb0 (entry 0):
  v0:obj = FrameGlobals
  Jump bb1
bb1 <- bb0:
  v1:obj = FrameBuiltins
  v2:obj = Phi v0
  Return v2
)")),
                HasSubstr("phi after another instruction"));
    EXPECT_THAT(verifyText(withBody(R"(bb0 (entry 0):
  v0:obj = FrameGlobals
  Jump bb1
bb1 <- bb0:
  v2:obj = Phi v0 v0
  Return v2
)")),
                HasSubstr("one operand per predecessor"));
    EXPECT_THAT(verifyText(withBody(R"(bb0 (entry 0):
  v0:obj = FrameGlobals
  Jump bb1
bb1 <- bb0:
  v2:obj:int = Phi v0
  Return v2
)")),
                HasSubstr("wider type than the phi"));
}

// --- the graph

TEST(HirGraph, OrderBlocksDropsUnreachableBlocksAndTheirPhiOperands) {
    std::unique_ptr<Function> fn = mustParse(withBody(R"(bb0 (entry 0):
  v0:obj = FrameGlobals
  Jump bb3
bb1 <- bb2:
  v1:obj = FrameBuiltins
  Jump bb3
bb2:
  Jump bb1
bb3 <- bb1 bb0:
  v2:obj = Phi v1 v0
  Return v2
)"));
    fn->orderBlocks();
    EXPECT_EQ(fn->blocks().size(), 2u);
    EXPECT_THAT(print(*fn), HasSubstr("bb3 <- bb0:\n  v2:obj = Phi v0\n"));
    EXPECT_EQ(verify(*fn), "");
}

TEST(HirGraph, OrderBlocksFindsLoopsWithTwoEntries) {
    std::unique_ptr<Function> fn = mustParse(withBody(R"(bb5 (entry 0):
  Jump bb1
bb9 (entry 8):
  Jump bb1
bb2:
  v0:obj = FrameGlobals
  Return v0
bb3:
  Jump bb1
bb1:
  v1:bool = ConstBool #1
  Branch v1 bb3 bb2
)"));
    fn->orderBlocks();
    std::vector<int> ids;
    for (const Block* block : fn->blocks()) {
        ids.push_back(block->id());
        EXPECT_EQ(block->isLoopHeader(), block->id() == 1);
    }
    EXPECT_EQ(ids, (std::vector<int>{5, 9, 1, 3, 2}));
    EXPECT_EQ(verify(*fn), "");
    Dominators dominators(*fn);
    EXPECT_EQ(dominators.idom(fn->blocks()[2]), nullptr);
    EXPECT_EQ(dominators.idom(fn->blocks()[3]), fn->blocks()[2]);
    EXPECT_TRUE(dominators.dominates(fn->blocks()[2], fn->blocks()[4]));
    EXPECT_FALSE(dominators.dominates(fn->blocks()[0], fn->blocks()[2]));
}

TEST(HirGraph, ReplaceAllUsesFollowsChains) {
    std::unique_ptr<Function> fn = mustParse(withBody(R"(bb0 (entry 0):
  v0:obj = FrameGlobals
  v1:obj = FrameGlobals
  v2:obj = FrameGlobals
  v3:obj = CallRuntime LoadAttr v2 v1 [fs0]
  Return v3
fs0: resume=0 at=0 slots=[v2] stack=[]
)"));
    std::vector<Instr*>& instrs = fn->blocks()[0]->instrs();
    std::vector<Instr*> map(static_cast<size_t>(fn->numInstrIds()));
    map[2] = instrs[1];
    map[1] = instrs[0];
    fn->replaceAllUses(map);
    EXPECT_THAT(print(*fn), HasSubstr("LoadAttr v0 v0 [fs0]"));
    EXPECT_THAT(print(*fn), HasSubstr("slots=[v0]"));
}

TEST(HirInstr, HelperRowsDecideEffectsAndOwnership) {
    std::unique_ptr<Function> fn = mustParse(withBody(R"(bb0 (entry 0):
  v0:obj = LoadFrameSlot $0
  v1:f64 = ConstDouble 2
  v2:f64 = CallRuntime FloatPower v1 v1
  v3:obj = CallRuntime BuildTuple v0 v0 [fs0]
  v4:obj = CallRuntime PushExcInfo v3
  v5:bool = CallRuntime IsTrue v4 [fs0]
  Return v4
fs0: resume=0 at=0 slots=[v0] stack=[]
)"));
    EXPECT_EQ(verify(*fn), "");
    const std::vector<Instr*>& instrs = fn->blocks()[0]->instrs();
    EXPECT_EQ(instrs[2]->effects(), 0);
    EXPECT_TRUE(instrs[2]->isRemovableIfUnused());
    EXPECT_EQ(instrs[2]->ownership(), Ownership::kNone);
    EXPECT_TRUE(instrs[3]->steals(0));
    EXPECT_TRUE(instrs[3]->steals(1));
    EXPECT_EQ(instrs[3]->ownership(), Ownership::kNew);
    EXPECT_TRUE(instrs[4]->steals(0));
    EXPECT_FALSE(instrs[4]->isRemovableIfUnused());
    EXPECT_FALSE(instrs[5]->steals(0));
    EXPECT_TRUE(instrs[5]->has(kRunPython));
    EXPECT_TRUE(instrs[5]->has(kWriteHeap));
}

TEST(HirInstr, QuietDropRunsNoPython) {
    std::unique_ptr<Function> fn = mustParse(withBody(R"(bb0 (entry 0):
  v0:obj = LoadFrameSlot $0
  v1:obj:int = GuardType v0 int [fs0]
  Drop v1 [fs0]
  Drop v0 [fs0]
  Return v0
fs0: resume=0 at=0 slots=[v0] stack=[]
)"));
    const std::vector<Instr*>& instrs = fn->blocks()[0]->instrs();
    EXPECT_FALSE(instrs[2]->has(kRunPython));
    EXPECT_FALSE(instrs[2]->isRemovableIfUnused());
    EXPECT_TRUE(instrs[3]->has(kRunPython));
}

TEST(HirType, TextAndJoin) {
    for (std::string_view text :
         {"obj", "obj?", "obj:int", "obj?:str", "i64", "f64", "bool", "ptr"}) {
        Type type;
        ASSERT_TRUE(parseType(text, &type)) << text;
        EXPECT_EQ(toString(type), text);
    }
    Type type;
    EXPECT_FALSE(parseType("i64:int", &type));
    EXPECT_FALSE(parseType("obj:object", &type));
    EXPECT_EQ(join(exactObject(ExactClass::kInt), kNullable), kNullable);
    EXPECT_EQ(toString(join(exactObject(ExactClass::kInt), {Rep::kNullable, ExactClass::kInt})),
              "obj?:int");
    EXPECT_EQ(join(exactObject(ExactClass::kInt), exactObject(ExactClass::kStr)), kObject);
}

TEST(HirCondition, NegateAndSwap) {
    for (int i = 0; i < 6; i++) {
        auto cc = static_cast<Condition>(i);
        EXPECT_EQ(negate(negate(cc)), cc);
        EXPECT_EQ(swapOperands(swapOperands(cc)), cc);
    }
    EXPECT_EQ(swapOperands(Condition::kLess), Condition::kGreater);
    EXPECT_EQ(negate(Condition::kLess), Condition::kGreaterEqual);
}

} // namespace
} // namespace pyston::hir
