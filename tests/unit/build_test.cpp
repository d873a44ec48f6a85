// Graphs of small hand-written code objects.
#include "build/build_graph.h"
#include "build/flow.h"
#include "hir/hir.h"
#include "runtime/helpers.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <map>

namespace pyston::build {
namespace {

using hir::ExactClass;
using hir::Opcode;
using testing::HasSubstr;
using testing::Not;

// Objects are addresses in here; what they are is written in `classes`.
char heap[64 * 16];
Object* object(int n) {
    return reinterpret_cast<Object*>(heap + n * 16);
}
std::map<Object*, ExactClass> classes;
std::map<Object*, int64_t> ints;
std::map<int64_t, Object*> dictEntries; // by index
std::map<Object*, Object*> functions;   // function -> code
std::map<Object*, host::CodeInfo> codes;
std::map<Object*, host::BuiltinInfo> builtins;
std::map<Object*, host::KnownBuiltin> knownBuiltins;
std::map<ExactClass, Object*> classObjects;
runtime::CodeData callee;

template<typename Map, typename Key> auto lookUp(const Map& map, Key key) {
    auto it = map.find(key);
    return it == map.end() ? typename Map::mapped_type{} : it->second;
}

enum { kNone, kOne, kTwo, kName, kFunction, kCode, kLen, kAppend, kListClass, kGlobals };

class BuildTest : public testing::Test {
  protected:
    void SetUp() override {
        classes = {{object(kNone), ExactClass::kNoneType},
                   {object(kOne), ExactClass::kInt},
                   {object(kTwo), ExactClass::kInt},
                   {object(kFunction), ExactClass::kFunction}};
        ints = {{object(kOne), 1}, {object(kTwo), 2}};
        dictEntries.clear();
        functions = {{object(kFunction), object(kCode)}};
        codes = {{object(kCode), {1, 0, 3}}};
        builtins = {{object(kAppend), {host::BuiltinInfo::kO, object(kListClass)}}};
        knownBuiltins = {{object(kLen), host::KnownBuiltin::kLen},
                         {object(kAppend), host::KnownBuiltin::kListAppend}};
        classObjects = {{ExactClass::kList, object(kListClass)}};
        Facts& facts = request_.facts;
        facts.none = object(kNone);
        facts.globals = facts.builtins = object(kGlobals);
        facts.exactClassOf = [](Object* o) { return lookUp(classes, o); };
        facts.classObject = [](ExactClass c) { return lookUp(classObjects, c); };
        facts.intValue = [](Object* o) {
            return ints.count(o) ? std::optional<int64_t>(ints[o]) : std::nullopt;
        };
        facts.dictEntry = [](Object*, uint32_t, int64_t i) {
            return host::DictEntry{lookUp(dictEntries, i), 8 * i};
        };
        facts.isStableGlobal = [](Object*) { return true; };
        facts.functionCode = [](Object* o) { return lookUp(functions, o); };
        facts.codeInfo = [](Object* o) { return lookUp(codes, o); };
        facts.codeData = [](Object*, bool) { return &callee; };
        facts.builtinInfo = [](Object* o) { return lookUp(builtins, o); };
        facts.knownBuiltin = [](Object* o) { return lookUp(knownBuiltins, o); };
        code_.name = "test";
        code_.consts = {object(kNone), object(kOne), object(kTwo)};
        code_.names = {object(kName)};
        code_.kwOnlyCount = 0;
        request_.bytecode = &code_;
    }

    // Of entry 7 of globals whose keys have version 3.
    void addGlobal(Op op) {
        Instr& load = add(op, 0, Feedback::Kind::kGlobalModule);
        load.feedback.keysVersion = 3;
        load.feedback.index = 7;
    }

    void slots(int count, int args) {
        code_.numSlots = code_.numLocals = count;
        code_.argCount = args;
        code_.slotKinds.assign(static_cast<size_t>(count), 0x20);
        code_.stackSize = 32;
    }
    // Instructions are two bytes long; `target` counts instructions.
    Instr& add(Op op, int arg = 0, int target = -1) {
        Instr in;
        in.op = op;
        in.arg = arg;
        in.offset = in.resumeOffset = static_cast<int>(code_.instrs.size()) * 2;
        in.nextOffset = in.offset + 2;
        in.target = target < 0 ? -1 : target * 2;
        code_.instrs.push_back(in);
        return code_.instrs.back();
    }
    Instr& add(Op op, int arg, Feedback::Kind seen) {
        Instr& in = add(op, arg);
        in.feedback.kind = seen;
        return in;
    }
    std::string build() {
        fn_ = buildGraph(request_, &failure_);
        if (!fn_)
            return "failed: " + failure_;
        EXPECT_EQ(hir::verify(*fn_), "") << hir::print(*fn_);
        return hir::print(*fn_);
    }
    int count(Opcode op) const {
        int n = 0;
        for (const hir::Block* block : fn_->blocks())
            for (const hir::Instr* instr : block->instrs())
                n += instr->opcode() == op;
        return n;
    }
    const hir::Instr* find(Opcode op, int nth = 0) const {
        for (const hir::Block* block : fn_->blocks())
            for (const hir::Instr* instr : block->instrs())
                if (instr->opcode() == op && nth-- == 0)
                    return instr;
        return nullptr;
    }
    int countHelper(runtime::Helper h) const {
        int n = 0;
        for (const hir::Block* block : fn_->blocks())
            for (const hir::Instr* instr : block->instrs())
                n += instr->opcode() == Opcode::kCallRuntime &&
                     instr->imm() == static_cast<int64_t>(h);
        return n;
    }

    Bytecode code_;
    BuildRequest request_;
    std::unique_ptr<hir::Function> fn_;
    std::string failure_;
};

// def f(a, b): return a + b
TEST_F(BuildTest, AddsGuardedInts) {
    slots(2, 2);
    add(Op::kResume);
    add(Op::kLoadFast, 0);
    add(Op::kLoadFast, 1);
    add(Op::kBinaryOp, 0, Feedback::Kind::kIntInt);
    add(Op::kReturnValue);
    build();
    EXPECT_EQ(count(Opcode::kGuardType), 2);
    EXPECT_EQ(count(Opcode::kIntAdd), 1);
    EXPECT_EQ(count(Opcode::kBoxInt), 1);
    EXPECT_EQ(count(Opcode::kDrop), 0); // ints die unseen
    EXPECT_EQ(count(Opcode::kGuardFrameUnshared), 1);
    const hir::FrameState* at = find(Opcode::kGuardType)->frameState();
    EXPECT_EQ(at->resumeOffset, 6);
    EXPECT_EQ(at->stack.size(), 2u);
    EXPECT_EQ(find(Opcode::kIntAdd)->frameState(), at); // one state for one bytecode
}

TEST_F(BuildTest, SitesThatFailedAreNotSpeculatedOn) {
    slots(2, 2);
    add(Op::kLoadFast, 0);
    add(Op::kLoadFast, 1);
    add(Op::kBinaryOp, 0, Feedback::Kind::kIntInt);
    add(Op::kReturnValue);
    runtime::CodeData profile;
    profile.sites[4].generic = true;
    request_.profile = &profile;
    build();
    EXPECT_EQ(count(Opcode::kGuardType), 0);
    EXPECT_EQ(countHelper(runtime::Helper::kBinaryOp), 1);
    EXPECT_EQ(count(Opcode::kDrop), 2);
}

// def f(a, b): return a[b], of which the interpreter says nothing: a probe asks, and then is there.
TEST_F(BuildTest, ProbesAskWhatTheInterpreterDoesNotTell) {
    slots(2, 2);
    add(Op::kLoadFast, 0);
    add(Op::kLoadFast, 1);
    add(Op::kBinarySubscr, 0, Feedback::Kind::kGeneric);
    add(Op::kReturnValue);
    runtime::CodeData profile;
    request_.profile = request_.probes = &profile;
    request_.probeAfter = 7;
    build();
    EXPECT_EQ(count(Opcode::kProbe), 1);
    EXPECT_EQ(find(Opcode::kProbe)->frameState()->stack.size(), 2u);
    EXPECT_EQ(profile.sites[4].probeCountdown, 7);
    EXPECT_EQ(find(Opcode::kProbe)->imm(),
              reinterpret_cast<intptr_t>(&profile.sites[4].probeCountdown));
    profile.sites[4].probed = true;
    profile.sites[4].operands = {ExactClass::kInt, ExactClass::kArrayD};
    build();
    EXPECT_EQ(count(Opcode::kProbe), 0);
    EXPECT_EQ(count(Opcode::kArrayGet), 1);
    EXPECT_EQ(find(Opcode::kArrayGet)->type(), hir::kDouble);
    profile.sites[4].generic = true;
    build();
    EXPECT_EQ(count(Opcode::kProbe) + count(Opcode::kArrayGet), 0);
}

// def f(a, b): x, y = a. What was seen of the site, of `a`, and of `x` decides the form.
TEST_F(BuildTest, SequencesAreUnpackedAsTheyWereSeen) {
    slots(3, 3);
    add(Op::kLoadFast, 0);
    add(Op::kUnpackSequence, 2, Feedback::Kind::kTwoTuple);
    add(Op::kStoreFast, 1);
    add(Op::kStoreFast, 2);
    add(Op::kLoadFast, 1);
    add(Op::kReturnValue);
    runtime::CodeData profile;
    request_.profile = &profile;
    const auto form = [&] {
        build();
        return std::array{count(Opcode::kGuardType), count(Opcode::kTupleItem),
                          count(Opcode::kItemAt), countHelper(runtime::Helper::kUnpackSequence)};
    };
    EXPECT_EQ(form(), (std::array{1, 2, 0, 0}));
    profile.seenLocals.resize(3);
    profile.seenLocals[0].add(ExactClass::kTuple);
    EXPECT_EQ(form(), (std::array{1, 2, 0, 0}));
    profile.seenLocals[0].add(ExactClass::kList);
    EXPECT_EQ(form(), (std::array{0, 0, 2, 0}));
    // Only what dies quietly is worth a guard.
    profile.seenLocals[1].add(ExactClass::kFloat);
    profile.seenLocals[2].add(ExactClass::kTuple);
    EXPECT_EQ(form(), (std::array{1, 0, 2, 0}));
    profile.seenLocals[1].add(ExactClass::kInt);
    EXPECT_EQ(form(), (std::array{0, 0, 2, 0}));
    // None says nothing of what an optional value is the next time.
    profile.seenLocals[2] = {ExactClass::kNoneType};
    EXPECT_EQ(form(), (std::array{0, 0, 2, 0}));
    profile.seenLocals.clear();
    profile.sites[2].speculateLess();
    EXPECT_EQ(form(), (std::array{0, 0, 2, 0}));
    profile.sites[2].speculateLess();
    EXPECT_EQ(form(), (std::array{0, 2, 0, 1}));
}

// Where locals were seen, no probe is needed, unless they vary.
TEST_F(BuildTest, LocalsAreLikelyToBeWhatTheyWere) {
    slots(2, 2);
    add(Op::kLoadFast, 0);
    add(Op::kLoadFast, 1);
    add(Op::kBinaryOp, 11, Feedback::Kind::kGeneric); // a / b
    add(Op::kReturnValue);
    runtime::CodeData profile;
    profile.seenLocals.resize(2);
    profile.seenLocals[0].add(ExactClass::kFloat);
    profile.seenLocals[1].add(ExactClass::kInt);
    request_.profile = request_.probes = &profile;
    build();
    EXPECT_EQ(count(Opcode::kProbe), 0);
    EXPECT_EQ(count(Opcode::kDoubleDiv), 1);
    profile.seenLocals[1].add(ExactClass::kFloat);
    build();
    EXPECT_EQ(count(Opcode::kProbe), 1);
    EXPECT_EQ(count(Opcode::kDoubleDiv), 0);
}

// def f(a, b): return a[b:b]. An exit makes the slice again; errors are the subscript's.
TEST_F(BuildTest, SubscriptsBySlicesMakeNoSlice) {
    slots(2, 2);
    add(Op::kLoadFast, 0);
    add(Op::kLoadFast, 1);
    add(Op::kLoadFast, 1);
    add(Op::kBuildSlice, 2);
    add(Op::kBinarySubscr, 0, Feedback::Kind::kGeneric);
    add(Op::kReturnValue);
    std::string text = build();
    EXPECT_EQ(countHelper(runtime::Helper::kBuildSlice), 0) << text;
    EXPECT_EQ(countHelper(runtime::Helper::kBinarySubscr), 0) << text;
    ASSERT_EQ(countHelper(runtime::Helper::kSubscrSlice), 1) << text;
    const hir::FrameState* at = find(Opcode::kCallRuntime)->frameState();
    EXPECT_EQ(at->resumeOffset, 6);
    EXPECT_EQ(at->instrOffset, 8);
    EXPECT_EQ(at->stack.size(), 3u);
    EXPECT_EQ(find(Opcode::kCheckTracing)->frameState()->resumeOffset, 10);
    EXPECT_EQ(find(Opcode::kCheckTracing)->frameState()->stack.size(), 1u);
}

// def f(a): return function(a), which is one of module math.
TEST_F(BuildTest, MathOfFloatsNeedsNoObjects) {
    slots(2, 2);
    code_.consts = {object(kFunction)};
    functions.clear();
    request_.facts.mathFunction = [](Object*) { return uint64_t{0x1234}; };
    add(Op::kPushNull);
    add(Op::kLoadConst, 0);
    add(Op::kLoadFast, 0);
    add(Op::kCall, 1);
    add(Op::kReturnValue);
    runtime::CodeData profile;
    profile.seenLocals.resize(2);
    profile.seenLocals[0].add(ExactClass::kFloat);
    request_.profile = &profile;
    std::string text = build();
    ASSERT_EQ(count(Opcode::kCallMath), 1) << text;
    EXPECT_EQ(find(Opcode::kCallMath)->imm(), 0x1234);
    EXPECT_EQ(count(Opcode::kGuardTrue), 2) << text; // the result is finite
    EXPECT_EQ(count(Opcode::kGuardLevelLeft), 1) << text;
    EXPECT_EQ(count(Opcode::kBoxDouble), 1) << text;
    profile.seenLocals[0].add(ExactClass::kStr);
    build();
    EXPECT_EQ(count(Opcode::kCallMath), 0);
}

// def f(a, b): b = a; return b
TEST_F(BuildTest, DropsOverwrittenLocalAfterTheStore) {
    slots(2, 2);
    add(Op::kLoadFast, 0);
    add(Op::kStoreFast, 1);
    add(Op::kLoadFast, 1);
    add(Op::kReturnValue);
    build();
    const hir::Instr* drop = find(Opcode::kDrop);
    ASSERT_NE(drop, nullptr);
    EXPECT_EQ(drop->operand(0)->imm(), 1); // what slot 1 held
    EXPECT_EQ(drop->frameState()->slots[1], drop->frameState()->slots[0]);
    EXPECT_EQ(drop->frameState()->resumeOffset, 4);
    EXPECT_EQ(drop->frameState()->instrOffset, 2);
    // At return nothing is in the frame any more.
    const hir::Instr* last = find(Opcode::kDrop, 2);
    ASSERT_NE(last, nullptr);
    EXPECT_EQ(last->frameState()->slots[0], nullptr);
}

// What a store replaces dies there, with the locals as they are by then: a.x = b, a[1] = b, c = b,
// del c
TEST_F(BuildTest, DropsReplacedValueAfterTheStore) {
    using Kind = Feedback::Kind;
    const auto build = [&](Op op, Kind kind) {
        code_.instrs.clear();
        slots(3, 2);
        code_.slotKinds = {0x20, 0x20, 0x80};
        add(Op::kCopyFreeVars, 1);
        const bool deletes = op == Op::kDeleteDeref;
        if (!deletes)
            add(Op::kLoadFast, 1);
        if (op == Op::kStoreAttr || op == Op::kStoreSubscr)
            add(Op::kLoadFast, 0);
        if (op == Op::kStoreSubscr)
            add(Op::kLoadConst, 1);
        Instr& store = add(op, op == Op::kStoreAttr ? 0 : 2, kind);
        store.feedback.typeVersion = 5;
        store.feedback.index = 16;
        add(Op::kLoadConst, 0);
        add(Op::kReturnValue);
        return BuildTest::build();
    };
    struct Case {
        Op op;
        Kind kind;
        Opcode store;
    };
    for (const Case& at : {Case{Op::kStoreAttr, Kind::kSlot, Opcode::kStoreField},
                           {Op::kStoreAttr, Kind::kInstanceValue, Opcode::kStoreInstanceValue},
                           {Op::kStoreSubscr, Kind::kListInt, Opcode::kListSet},
                           {Op::kStoreDeref, Kind::kNone, Opcode::kCellSet},
                           {Op::kDeleteDeref, Kind::kNone, Opcode::kCellSet}}) {
        const std::string text = build(at.op, at.kind);
        const hir::Instr* store = find(at.store);
        ASSERT_NE(store, nullptr) << text;
        const hir::Instr* drop = find(Opcode::kDrop);
        ASSERT_NE(drop, nullptr) << text;
        EXPECT_EQ(drop->operand(0), store) << text;
        const auto after = std::find_if(code_.instrs.begin(), code_.instrs.end(),
                                        [&](const Instr& in) { return in.op == at.op; });
        EXPECT_EQ(drop->frameState()->instrOffset, after->offset) << text;
        EXPECT_EQ(drop->frameState()->resumeOffset, after->nextOffset) << text;
        EXPECT_TRUE(drop->frameState()->stack.empty()) << text;
        EXPECT_EQ(count(Opcode::kKeepAlive), 0) << text; // a local holds the owner
    }
}

// def f(a, b): b().x = a. The owner, which nothing else holds, dies after what the store replaced.
TEST_F(BuildTest, OwnerOfReplacedValueDiesAfterIt) {
    slots(2, 2);
    add(Op::kLoadFast, 0);
    add(Op::kPushNull);
    add(Op::kLoadFast, 1);
    add(Op::kCall, 0);
    Instr& store = add(Op::kStoreAttr, 0, Feedback::Kind::kSlot);
    store.feedback.typeVersion = 5;
    store.feedback.index = 16;
    add(Op::kLoadConst, 0);
    add(Op::kReturnValue);
    const std::string text = build();
    const hir::Instr* keep = find(Opcode::kKeepAlive);
    ASSERT_NE(keep, nullptr) << text;
    EXPECT_EQ(keep->operand(0), find(Opcode::kStoreField)->operand(0)) << text;
    EXPECT_EQ(find(Opcode::kDrop)->operand(0), find(Opcode::kStoreField)) << text;
}

// def f(): return x   (x unbound)
TEST_F(BuildTest, UnboundLocalLeaves) {
    slots(1, 0);
    add(Op::kLoadFast, 0);
    add(Op::kReturnValue);
    build();
    EXPECT_EQ(count(Opcode::kDeopt), 1);
    EXPECT_EQ(count(Opcode::kReturn), 0);
}

// i = 1; while i < n: i += 1; return i
class LoopTest : public BuildTest {
  protected:
    void program() {
        slots(2, 1);                                     // n, i
        add(Op::kResume);                                // 0
        add(Op::kLoadConst, 1);                          // 1
        add(Op::kStoreFast, 1);                          // 2
        add(Op::kLoadFast, 1);                           // 3
        add(Op::kLoadFast, 0);                           // 4
        add(Op::kCompareOp, 0, Feedback::Kind::kIntInt); // 5
        add(Op::kPopJumpIfFalse, 0, 15);                 // 6
        add(Op::kLoadFast, 1);                           // 7
        add(Op::kLoadConst, 1);                          // 8
        add(Op::kBinaryOp, 13, Feedback::Kind::kIntInt); // 9
        add(Op::kStoreFast, 1);                          // 10
        add(Op::kLoadFast, 1);                           // 11
        add(Op::kLoadFast, 0);                           // 12
        add(Op::kCompareOp, 0, Feedback::Kind::kIntInt); // 13
        add(Op::kPopJumpIfTrue, 0, 7);                   // 14, backward
        add(Op::kLoadFast, 1);                           // 15
        add(Op::kReturnValue);                           // 16
    }
};

TEST_F(LoopTest, HeaderHasOnePhiOfKnownClass) {
    program();
    std::string text = build();
    const hir::Instr* phi = find(Opcode::kPhi);
    ASSERT_NE(phi, nullptr) << text;
    EXPECT_EQ(phi->type(), hir::exactObject(ExactClass::kInt)) << text;
    EXPECT_EQ(phi->numOperands(), 2u);
    // n is the same in every iteration, and the exit's i merges two values.
    EXPECT_EQ(count(Opcode::kPhi), 2) << text;
    EXPECT_EQ(count(Opcode::kDrop), 0) << text;
    // The loop edge asks for signals with the state at the header.
    const hir::Instr* check = find(Opcode::kCheckEvalBreaker, 1);
    ASSERT_NE(check, nullptr);
    EXPECT_EQ(check->frameState()->resumeOffset, 14);
    EXPECT_EQ(check->frameState()->instrOffset, 28);
}

TEST_F(LoopTest, EntersAtHeader) {
    program();
    request_.functionEntry = false;
    request_.entryOffsets = {14};
    std::string text = build();
    ASSERT_EQ(fn_->blocks()[0]->entryOffset(), 14);
    EXPECT_EQ(count(Opcode::kLoadFrameSlot), 2);
    EXPECT_EQ(count(Opcode::kGuardNotNull), 2) << text; // both are bound there, once per entry
    EXPECT_EQ(find(Opcode::kGuardNotNull)->block(), fn_->blocks()[0]);
}

TEST_F(LoopTest, BothEntriesMerge) {
    program();
    request_.entryOffsets = {14};
    std::string text = build();
    const hir::Instr* phi = find(Opcode::kPhi);
    ASSERT_NE(phi, nullptr);
    EXPECT_EQ(phi->numOperands(), 3u) << text;
}

// for x in it: total = x
TEST_F(BuildTest, ForLoop) {
    slots(2, 1);
    add(Op::kLoadFast, 0);
    add(Op::kGetIter);
    add(Op::kForIter, 0, 5);
    add(Op::kStoreFast, 1);
    add(Op::kJumpBackward, 0, 2);
    add(Op::kLoadConst, 0);
    add(Op::kReturnValue);
    std::string text = build();
    EXPECT_EQ(count(Opcode::kIterNext), 1);
    EXPECT_EQ(count(Opcode::kBranchNull), 1);
    EXPECT_EQ(count(Opcode::kRefine), 1);
    EXPECT_EQ(count(Opcode::kPhi), 1) << text; // x, not the iterator
    const hir::Instr* header = find(Opcode::kIterNext);
    EXPECT_EQ(header->frameState()->stack.size(), 1u);
}

// A loop whose only feedback is the classes of its variables: `x ^= x` with x an int before it.
TEST_F(BuildTest, LoopVariablesHaveTheClassesThatTheLoopShows) {
    slots(2, 1);
    add(Op::kLoadConst, 1);        // 0: an int
    add(Op::kStoreFast, 1);        // 1
    add(Op::kLoadFast, 1);         // 2: the header
    add(Op::kLoadFast, 1);         // 3
    add(Op::kBinaryOp, 12);        // 4: ^
    add(Op::kStoreFast, 1);        // 5
    add(Op::kLoadFast, 0);         // 6
    add(Op::kPopJumpIfTrue, 0, 2); // 7
    add(Op::kLoadFast, 1);         // 8
    add(Op::kReturnValue);         // 9
    std::string text = build();
    EXPECT_EQ(count(Opcode::kIntXor), 1) << text;
    EXPECT_EQ(countHelper(runtime::Helper::kBinaryOp), 0) << text;
    // An entry checks once what it finds.
    request_.entryOffsets = {4};
    text = build();
    EXPECT_EQ(count(Opcode::kIntXor), 1) << text;
    EXPECT_EQ(count(Opcode::kGuardType), 1) << text; // the int in the entry
    EXPECT_TRUE(find(Opcode::kGuardType)->block()->isEntry()) << text;
}

TEST_F(BuildTest, WhatContradictsIsNotAssumed) {
    slots(2, 1);
    add(Op::kLoadConst, 1);        // 0: an int
    add(Op::kStoreFast, 1);        // 1
    add(Op::kLoadFast, 1);         // 2: the header
    add(Op::kLoadFast, 0);         // 3
    add(Op::kBinaryOp, 0);         // 4: + with anything
    add(Op::kStoreFast, 1);        // 5
    add(Op::kLoadFast, 0);         // 6
    add(Op::kPopJumpIfTrue, 0, 2); // 7
    add(Op::kLoadConst, 0);        // 8
    add(Op::kReturnValue);         // 9
    std::string text = build();
    EXPECT_EQ(countHelper(runtime::Helper::kBinaryOp), 1) << text;
    EXPECT_EQ(find(Opcode::kPhi)->type(), hir::kObject) << text;
}

TEST_F(BuildTest, PathsThatNeverRanLeave) {
    slots(2, 2);
    request_.leavesCold = true;
    add(Op::kLoadFast, 0);                            // 0
    add(Op::kPopJumpIfTrue, 0, 5);                    // 1
    add(Op::kLoadFast, 1);                            // 2
    add(Op::kLoadAttr, 0, Feedback::Kind::kNeverRan); // 3
    add(Op::kReturnValue);                            // 4
    add(Op::kLoadFast, 1);                            // 5
    add(Op::kReturnValue);                            // 6
    std::string text = build();
    EXPECT_EQ(count(Opcode::kDeopt), 1) << text;
    EXPECT_EQ(find(Opcode::kDeopt)->frameState()->resumeOffset, 6);
    EXPECT_EQ(count(Opcode::kReturn), 1) << text;
    request_.leavesCold = false;
    EXPECT_EQ((build(), count(Opcode::kDeopt)), 0);
}

// The outer loop's header can be reached through the inner loop alone.
TEST_F(BuildTest, LoopsBehindAPathThatNeverRan) {
    slots(2, 2);
    request_.leavesCold = true;
    add(Op::kLoadFast, 1);                            // 0
    add(Op::kLoadAttr, 0, Feedback::Kind::kNeverRan); // 1
    add(Op::kPopTop);                                 // 2
    add(Op::kLoadFast, 0);                            // 3: outer header
    add(Op::kStoreFast, 1);                           // 4
    add(Op::kLoadFast, 0);                            // 5: inner header
    add(Op::kPopJumpIfTrue, 0, 5);                    // 6
    add(Op::kLoadFast, 1);                            // 7
    add(Op::kPopJumpIfTrue, 0, 3);                    // 8
    add(Op::kLoadConst, 0);                           // 9
    add(Op::kReturnValue);                            // 10
    request_.entryOffsets = {10};
    std::string text = build();
    EXPECT_EQ(count(Opcode::kDeopt), 1) << text;
    EXPECT_EQ(count(Opcode::kReturn), 1) << text;
}

TEST_F(BuildTest, CallsKnownFunctionDirectly) {
    slots(1, 1);
    dictEntries[7] = object(kFunction);
    addGlobal(Op::kLoadGlobalNull);
    add(Op::kLoadFast, 0);
    add(Op::kCall, 1);
    add(Op::kReturnValue);
    std::string text = build();
    ASSERT_EQ(count(Opcode::kGuardDictEntry), 1) << text;
    EXPECT_EQ(find(Opcode::kGuardDictEntry)->imm2(), 8 * 7);
    EXPECT_EQ(find(Opcode::kGuardDictKeysVersion)->imm(), 3);
    ASSERT_EQ(count(Opcode::kCallDirect), 1) << text;
    EXPECT_EQ(count(Opcode::kGuardCode), 1);
    EXPECT_EQ(find(Opcode::kCallDirect)->numOperands(), 2u);
    EXPECT_EQ(find(Opcode::kCallDirect)->frameState()->stack.size(), 3u);
    const hir::Instr* check = find(Opcode::kCheckTracing);
    ASSERT_NE(check, nullptr);
    EXPECT_EQ(check->frameState()->stack.size(), 1u);
    EXPECT_EQ(check->frameState()->resumeOffset, 6);
}

// A call of g(a, b): c = a; return b, that is built in.
class InlinedCallTest : public BuildTest {
  protected:
    void SetUp() override {
        BuildTest::SetUp();
        codes[object(kCode)].argCount = 2;
        callee.code = object(kCode);
        request_.facts.isWarm = [](const runtime::CodeData*) { return true; };
        request_.facts.functionGlobals =
            request_.facts.functionBuiltins = [](Object*) { return object(kGlobals); };
        request_.facts.decode = [](Object*) {
            Bytecode code;
            code.name = "g";
            code.code = object(kCode);
            code.numSlots = code.numLocals = 3;
            code.argCount = 2;
            code.stackSize = 1;
            code.slotKinds.assign(3, 0x20);
            int offset = 0;
            for (auto [op, arg] : {std::pair{Op::kLoadFast, 0},
                                   {Op::kStoreFast, 2},
                                   {Op::kLoadFast, 1},
                                   {Op::kReturnValue, 0}}) {
                Instr in;
                in.op = op;
                in.arg = arg;
                in.offset = in.resumeOffset = offset;
                in.nextOffset = offset += 2;
                in.target = -1;
                code.instrs.push_back(in);
            }
            return code;
        };
        slots(1, 1);
        dictEntries[7] = object(kFunction);
    }
    void TearDown() override { callee.code = nullptr; }
    // Its arguments are results of calls of the local.
    void callIt() {
        addGlobal(Op::kLoadGlobalNull);
        callLocal();
        callLocal();
        add(Op::kCall, 2);
    }
    void callLocal() {
        add(Op::kPushNull);
        add(Op::kLoadFast, 0);
        add(Op::kCall, 0);
    }
    // What follows the last instruction that can only be the inlined function's.
    std::vector<const hir::Instr*> afterInlined() const {
        std::vector<const hir::Instr*> after;
        bool inlined = false;
        for (const hir::Block* block : fn_->blocks())
            for (const hir::Instr* instr : block->instrs()) {
                inlined |= instr->opcode() == Opcode::kGuardRecursion;
                if (inlined &&
                    (instr->opcode() == Opcode::kDrop || instr->opcode() == Opcode::kKeepAlive ||
                     instr->opcode() == Opcode::kObjectIs))
                    after.push_back(instr);
            }
        return after;
    }
};

TEST_F(InlinedCallTest, ResultDiesAfterTheLocals) {
    callIt();
    add(Op::kPopTop);
    add(Op::kLoadConst, 0);
    add(Op::kReturnValue);
    const std::string text = build();
    const auto after = afterInlined();
    ASSERT_GE(after.size(), 4u) << text;
    const hir::Instr* a = find(Opcode::kCallRuntime, 0);
    const hir::Instr* b = find(Opcode::kCallRuntime, 1);
    const std::pair<Opcode, const hir::Instr*> expected[] = {
        {Opcode::kDrop, a}, {Opcode::kDrop, b}, {Opcode::kDrop, a}, {Opcode::kKeepAlive, b}};
    for (size_t i = 0; i < 4; ++i) {
        EXPECT_EQ(after[i]->opcode(), expected[i].first) << i << text;
        EXPECT_EQ(after[i]->operand(0), expected[i].second) << i << text;
        if (const hir::FrameState* state = after[i]->frameState()) {
            EXPECT_EQ(state->parent, nullptr) << text; // the inlined frame has gone
        }
    }
}

// Code that named the dict would keep what is in it alive, as when the function's module is
// replaced.
TEST_F(InlinedCallTest, GlobalsAreReadFromTheFunction) {
    request_.facts.decode = [](Object*) {
        Bytecode code;
        code.name = "g";
        code.code = object(kCode);
        code.names = {object(kName)};
        code.numSlots = code.numLocals = 2;
        code.argCount = 2;
        code.stackSize = 1;
        code.slotKinds.assign(2, 0x20);
        Instr load;
        load.op = Op::kLoadGlobal;
        load.nextOffset = 2;
        load.target = -1;
        load.feedback.kind = Feedback::Kind::kGlobalModule;
        load.feedback.keysVersion = 5;
        load.feedback.index = 9;
        Instr end;
        end.op = Op::kReturnValue;
        end.offset = end.resumeOffset = 2;
        end.nextOffset = 4;
        end.target = -1;
        code.instrs = {load, end};
        return code;
    };
    request_.facts.globalsOffset = 16;
    callIt();
    add(Op::kReturnValue);
    const std::string text = build();
    ASSERT_EQ(count(Opcode::kLoadDictEntry), 1) << text;
    const hir::Instr* dict = find(Opcode::kLoadDictEntry)->operand(0);
    if (dict->opcode() == Opcode::kGuardType)
        dict = dict->operand(0);
    ASSERT_EQ(dict->opcode(), Opcode::kLoadField) << text;
    EXPECT_EQ(dict->imm(), 16);
    EXPECT_EQ(dict->operand(0), find(Opcode::kGuardCode)) << text;
}

// a() is g(b(), c()), whose operands die behind the inlined frame.
TEST_F(InlinedCallTest, OperandsBesideItAreDropped) {
    callLocal();
    callIt();
    add(Op::kIsOp, 0);
    add(Op::kReturnValue);
    const std::string text = build();
    const auto after = afterInlined();
    const auto is = std::ranges::find(after, Opcode::kObjectIs, &hir::Instr::opcode);
    ASSERT_NE(is, after.end()) << text;
    ASSERT_GE(after.end() - is, 3) << text;
    for (size_t i = 0; i < 2; ++i) {
        const hir::Instr* drop = is[static_cast<ptrdiff_t>(i) + 1];
        EXPECT_EQ(drop->opcode(), Opcode::kDrop) << text;
        EXPECT_EQ(drop->operand(0), (*is)->operand(i)) << text;
        EXPECT_EQ(drop->frameState()->instrOffset, code_.instrs[code_.instrs.size() - 2].offset);
        EXPECT_EQ(drop->frameState()->parent, nullptr);
    }
}

// Nothing has to be said where the call of a() shows the line.
TEST_F(BuildTest, OperandsBesideCallsNeedNoDrop) {
    slots(1, 1);
    add(Op::kPushNull);
    add(Op::kLoadFast, 0);
    add(Op::kCall, 0);
    add(Op::kPopJumpIfNone, 0, 5);
    add(Op::kNop);
    add(Op::kLoadConst, 0);
    add(Op::kReturnValue);
    const std::string text = build();
    EXPECT_EQ(count(Opcode::kDrop), 1) << text; // of the local
}

// f(x, name=y), where f has a third parameter with a default that may die, and a fourth that may
// not.
TEST_F(BuildTest, BindsArgumentsToParameters) {
    slots(1, 1);
    codes[object(kCode)].argCount = 4;
    dictEntries[7] = object(kFunction);
    request_.facts.bindCall = [](Object* function, int64_t numArgs, Object* kwnames) {
        EXPECT_EQ(function, object(kFunction));
        EXPECT_EQ(numArgs, 2);
        EXPECT_EQ(kwnames, object(kName));
        return host::CallBinding{
            .fits = true,
            .version = 19,
            .defaultsOffset = 48,
            .parameters = {{.argument = 1},
                           {.argument = 0},
                           {.defaultIndex = 3, .value = object(kAppend)},
                           {.defaultIndex = 4, .value = object(kNone), .isImmortal = true}}};
    };
    addGlobal(Op::kLoadGlobalNull);
    add(Op::kLoadFast, 0);
    add(Op::kLoadConst, 1);
    add(Op::kCall, 2).kwnames = object(kName);
    add(Op::kReturnValue);
    const std::string text = build();
    ASSERT_EQ(count(Opcode::kCallDirect), 1) << text;
    EXPECT_EQ(count(Opcode::kGuardCode), 0);
    ASSERT_EQ(count(Opcode::kGuardFunctionVersion), 1);
    EXPECT_EQ(find(Opcode::kGuardFunctionVersion)->imm(), 19);
    const auto operands = find(Opcode::kCallDirect)->operands();
    ASSERT_EQ(operands.size(), 5u);
    EXPECT_EQ(operands[1]->imm(), reinterpret_cast<int64_t>(object(kOne)));
    EXPECT_EQ(operands[2]->opcode(), Opcode::kLoadFrameSlot);
    EXPECT_EQ(operands[3]->opcode(), Opcode::kTupleItem);
    EXPECT_EQ(operands[3]->imm(), 3);
    EXPECT_EQ(operands[3]->operand(0)->imm(), 48);
    EXPECT_EQ(operands[4]->imm(), reinterpret_cast<int64_t>(object(kNone)));

    request_.facts.bindCall = [](Object*, int64_t, Object*) { return host::CallBinding{}; };
    build();
    EXPECT_EQ(count(Opcode::kCallDirect), 0);
    EXPECT_EQ(countHelper(runtime::Helper::kCall), 1);
}

// Class(x) with a default: finalizers may exchange that while the instance is made.
TEST_F(BuildTest, InstantiatesWithDefaults) {
    slots(1, 1);
    codes[object(kCode)].argCount = 3;
    request_.facts.constructor = [](Object* type) {
        return type == object(kListClass) ? host::Constructor{17, object(kFunction)}
                                          : host::Constructor{};
    };
    request_.facts.bindCall = [](Object*, int64_t numArgs, Object*) {
        EXPECT_EQ(numArgs, 2);
        return host::CallBinding{.fits = true,
                                 .version = 19,
                                 .parameters = {{.argument = 0},
                                                {.argument = 1},
                                                {.defaultIndex = 0, .value = object(kOne)}}};
    };
    dictEntries[7] = object(kListClass);
    addGlobal(Op::kLoadGlobalNull);
    add(Op::kLoadFast, 0);
    add(Op::kCall, 1);
    add(Op::kReturnValue);
    const std::string text = build();
    EXPECT_EQ(count(Opcode::kGuardFunctionVersion), 1) << text;
    EXPECT_EQ(count(Opcode::kOwnVersionIs), 1);
    EXPECT_EQ(count(Opcode::kFunctionVersionIs), 1);
    EXPECT_EQ(countHelper(runtime::Helper::kInitInstance), 2);
    ASSERT_EQ(count(Opcode::kCallDirect), 1);
    EXPECT_EQ(find(Opcode::kCallDirect)->numOperands(), 4u);
}

// What the interpreter saw may be out of date; code that was compiled before does not need it.
TEST_F(BuildTest, GlobalsAreWhereTheyAreNow) {
    slots(0, 0);
    dictEntries[7] = dictEntries[9] = object(kFunction);
    static host::DictKey inGlobals, inBuiltins;
    request_.facts.globals = object(kGlobals);
    request_.facts.builtins = object(kNone);
    request_.facts.dictKey = [](Object* dict, Object* name) {
        EXPECT_EQ(name, object(kName));
        return dict == object(kGlobals) ? inGlobals : inBuiltins;
    };
    addGlobal(Op::kLoadGlobal);
    add(Op::kReturnValue);
    const auto entry = [&] {
        build();
        const hir::Instr* guard = find(Opcode::kGuardDictEntry);
        return std::pair{count(Opcode::kGuardDictKeysVersion), guard ? guard->imm2() : 0};
    };
    inGlobals = {4, 9};
    EXPECT_EQ(entry(), std::pair(1, int64_t{72}));
    EXPECT_EQ(find(Opcode::kGuardDictKeysVersion)->imm(), 4);
    inGlobals = {4, -1};
    inBuiltins = {5, 9};
    EXPECT_EQ(entry(), std::pair(2, int64_t{72}));
    inGlobals = {}; // nothing can be said
    EXPECT_EQ(entry(), std::pair(1, int64_t{56}));
    EXPECT_EQ(find(Opcode::kGuardDictKeysVersion)->imm(), 3);

    inGlobals = {4, 9};
    code_.instrs[0].feedback.kind = Feedback::Kind::kNone;
    runtime::CodeData profile;
    request_.profile = &profile;
    EXPECT_EQ(entry(), std::pair(0, int64_t{0}));
    EXPECT_EQ(countHelper(runtime::Helper::kLoadGlobal), 1);
    profile.versions = 1;
    EXPECT_EQ(entry(), std::pair(1, int64_t{72}));
    profile.sites[0].generic = true;
    EXPECT_EQ(entry(), std::pair(0, int64_t{0}));
}

// def f(a, b): return a[b], where class version 5 has a __getitem__ in Python.
TEST_F(BuildTest, SubscriptsInPythonAreCalls) {
    slots(2, 2);
    codes = {{object(kCode), {2, 0, 3}}};
    request_.facts.subscriptFunction = [](uint32_t version, bool stores) {
        return version == 5 && !stores ? object(kFunction) : nullptr;
    };
    add(Op::kLoadFast, 0);
    add(Op::kLoadFast, 1);
    add(Op::kBinarySubscr, 0, Feedback::Kind::kGetItemFunction).feedback.typeVersion = 5;
    add(Op::kReturnValue);
    runtime::CodeData profile;
    request_.profile = &profile;
    const auto form = [&] {
        build();
        return std::array{count(Opcode::kGuardTypeVersion), count(Opcode::kCallDirect),
                          countHelper(runtime::Helper::kBinarySubscr)};
    };
    EXPECT_EQ(form(), (std::array{1, 1, 0}));
    EXPECT_EQ(find(Opcode::kCallDirect)->numOperands(), 3u);
    EXPECT_EQ(find(Opcode::kCallDirect)->frameState()->stack.size(), 2u);
    // Others came, too: they have a way through the helper.
    profile.sites[4].addShape({6});
    EXPECT_EQ(form(), (std::array{0, 1, 1}));
    profile.sites[4].width = runtime::SiteProfile::kNoShapes;
    EXPECT_EQ(form(), (std::array{0, 0, 1}));
}

// def f(a, b): return a <operator> b, where class version 5 has the operator in Python.
TEST_F(BuildTest, OperatorsInPythonAreCalls) {
    slots(2, 2);
    codes = {{object(kCode), {2, 0, 3}}};
    request_.facts.notImplemented = object(kTwo);
    request_.facts.operatorFunction = [](uint32_t version, int) {
        return version == 5 ? object(kFunction) : nullptr;
    };
    request_.facts.comparisonFunction = request_.facts.operatorFunction;
    runtime::CodeData profile;
    request_.profile = &profile;
    for (const Op op : {Op::kBinaryOp, Op::kCompareOp}) {
        code_.instrs.clear();
        profile.sites.clear();
        const bool compares = op == Op::kCompareOp;
        const auto generic = compares ? runtime::Helper::kCompareOp : runtime::Helper::kBinaryOp;
        const auto declined =
            compares ? runtime::Helper::kCompareDeclined : runtime::Helper::kBinaryOpDeclined;
        add(Op::kLoadFast, 0);
        add(Op::kLoadFast, 1);
        add(op, 0);
        add(Op::kReturnValue);
        const auto form = [&] {
            build();
            return std::array{count(Opcode::kCallDirect), countHelper(declined),
                              countHelper(generic)};
        };
        EXPECT_EQ(form(), (std::array{0, 0, 1}));
        profile.sites[4].addShape({6}); // of a class that does not have it
        EXPECT_EQ(form(), (std::array{0, 0, 1}));
        // The right one has to be of the same class, else there is more to ask.
        profile.sites[4] = {};
        profile.sites[4].addShape({5});
        EXPECT_EQ(form(), (std::array{1, 1, 1}));
        EXPECT_EQ(find(Opcode::kCallDirect)->imm2(), compares ? 1 : 0);
        EXPECT_EQ(count(Opcode::kGuardLevelLeft), compares ? 1 : 0);
        // Or of a builtin one.
        profile.sites[4].probed = true;
        profile.sites[4].operands = {ExactClass::kInt, ExactClass::kUnknown};
        EXPECT_EQ(form(), (std::array{1, 1, 0}));
        EXPECT_EQ(count(Opcode::kGuardType), 1);
        profile.sites[4].width = runtime::SiteProfile::kNoShapes;
        EXPECT_EQ(form(), (std::array{0, 0, 1}));
    }
}

// Class(x), of a class whose __init__ is a Python function of two parameters.
TEST_F(BuildTest, InstantiatesKnownClass) {
    slots(1, 1);
    codes[object(kCode)].argCount = 2;
    request_.facts.constructor = [](Object* type) {
        return type == object(kListClass) ? host::Constructor{17, object(kFunction)}
                                          : host::Constructor{};
    };
    dictEntries[7] = object(kListClass);
    addGlobal(Op::kLoadGlobalNull);
    add(Op::kLoadFast, 0);
    add(Op::kCall, 1);
    add(Op::kReturnValue);
    std::string text = build();
    // After the allocation, which may run finalizers, the code does not leave any more.
    EXPECT_EQ(count(Opcode::kGuardOwnVersion), 1) << text;
    EXPECT_EQ(count(Opcode::kOwnVersionIs), 1);
    EXPECT_EQ(find(Opcode::kOwnVersionIs)->imm(), 17);
    EXPECT_EQ(countHelper(runtime::Helper::kInitInstance), 1);
    EXPECT_EQ(find(Opcode::kGuardOwnVersion)->imm(), 17);
    EXPECT_EQ(count(Opcode::kGuardLevelLeft), 1);
    EXPECT_EQ(countHelper(runtime::Helper::kNewInstance), 1);
    EXPECT_EQ(countHelper(runtime::Helper::kRefuseInitResult), 1);
    EXPECT_EQ(countHelper(runtime::Helper::kCall), 0);
    ASSERT_EQ(count(Opcode::kCallDirect), 1) << text;
    EXPECT_EQ(find(Opcode::kCallDirect)->imm2(), 1);
    EXPECT_EQ(find(Opcode::kCallDirect)->numOperands(), 3u); // __init__, the instance, x
    EXPECT_EQ(find(Opcode::kReturn)->operand(0), find(Opcode::kCallDirect)->operand(1));
}

TEST_F(BuildTest, WrongArgumentCountIsTheHelpersBusiness) {
    slots(1, 1);
    dictEntries[7] = object(kFunction);
    Instr& load = add(Op::kLoadGlobalNull, 0, Feedback::Kind::kGlobalModule);
    load.feedback.index = 7;
    add(Op::kCall, 0);
    add(Op::kReturnValue);
    build();
    EXPECT_EQ(count(Opcode::kCallDirect), 0);
    EXPECT_EQ(countHelper(runtime::Helper::kCall), 1);
    EXPECT_EQ(count(Opcode::kCheckEvalBreaker), 1);
}

TEST_F(BuildTest, GenericMethodCall) {
    slots(1, 1);
    add(Op::kLoadFast, 0);
    add(Op::kLoadMethod, 0);
    add(Op::kLoadConst, 1);
    add(Op::kCall, 1);
    add(Op::kReturnValue);
    std::string text = build();
    EXPECT_EQ(countHelper(runtime::Helper::kLoadMethodCached), 1);
    EXPECT_EQ(countHelper(runtime::Helper::kTakeSecond), 1);
    EXPECT_EQ(countHelper(runtime::Helper::kCallMethod), 1) << text;
}

TEST_F(BuildTest, AppendsToExactList) {
    slots(2, 2);
    add(Op::kLoadFast, 0);
    Instr& load = add(Op::kLoadMethod, 0, Feedback::Kind::kMethodNoDict);
    load.feedback.object = object(kAppend);
    add(Op::kLoadFast, 1);
    add(Op::kCall, 1, Feedback::Kind::kListAppend);
    add(Op::kPopTop);
    add(Op::kLoadConst, 0);
    add(Op::kReturnValue);
    std::string text = build();
    EXPECT_EQ(count(Opcode::kGuardType), 1) << text;
    EXPECT_EQ(countHelper(runtime::Helper::kListAppend), 1) << text;
}

// (lambda a: a)(a): the code is known, whatever the function is.
TEST_F(BuildTest, CallsFunctionsMadeHereDirectly) {
    slots(1, 3);
    classes[object(kCode)] = ExactClass::kUnknown;
    code_.consts.push_back(object(kCode));
    const auto codeIndex = static_cast<int>(code_.consts.size()) - 1;
    add(Op::kPushNull);
    add(Op::kLoadConst, codeIndex);
    add(Op::kMakeFunction, 0);
    add(Op::kLoadFast, 0);
    add(Op::kCall, 1);
    add(Op::kReturnValue);
    std::string text = build();
    EXPECT_EQ(count(Opcode::kCallDirect), 1) << text;
    EXPECT_EQ(count(Opcode::kGuardCode), 0);
    // With defaults for the wrong number of arguments it is a call like any other.
    codes = {{object(kCode), {2, 0, 3}}};
    build();
    EXPECT_EQ(count(Opcode::kCallDirect), 0);
    EXPECT_EQ(countHelper(runtime::Helper::kCall), 1);
}

// with a: pass
TEST_F(BuildTest, With) {
    slots(1, 1);
    add(Op::kLoadFast, 0);  // 0
    add(Op::kBeforeWith);   // 1
    add(Op::kPopTop);       // 2
    add(Op::kLoadConst, 0); // 3
    add(Op::kLoadConst, 0); // 4
    add(Op::kLoadConst, 0); // 5
    add(Op::kCall, 2);      // 6
    add(Op::kPopTop);       // 7
    add(Op::kLoadConst, 0); // 8
    add(Op::kReturnValue);  // 9
    add(Op::kPushExcInfo);  // 10
    add(Op::kWithExceptStart);
    add(Op::kPopJumpIfTrue, 0, 14);
    add(Op::kReraise, 2); // 13
    add(Op::kPopTop);     // 14
    add(Op::kPopExcept);  // 15
    add(Op::kPopTop);
    add(Op::kPopTop);
    add(Op::kJump, 0, 8); // 18
    code_.handlers = {{4, 6, 20, 1, true}};
    std::string text = build();
    EXPECT_EQ(countHelper(runtime::Helper::kBeforeWith), 1) << text;
    EXPECT_EQ(countHelper(runtime::Helper::kTakeSecond), 1);
    EXPECT_EQ(countHelper(runtime::Helper::kWithExceptStart), 0); // the handler is not entered
    // __exit__(None, None, None): below the arguments are exit and None.
    EXPECT_EQ(countHelper(runtime::Helper::kCall) + countHelper(runtime::Helper::kCallMethod), 1);
}

TEST_F(BuildTest, HandlerCanBeEntered) {
    slots(0, 0);
    add(Op::kNop);                    // 0, covered
    add(Op::kLoadConst, 0);           // 1
    add(Op::kReturnValue);            // 2
    add(Op::kPushExcInfo);            // 3
    add(Op::kPopTop);                 // 4
    add(Op::kJumpBackward, 0, 6 - 1); // 5: a loop on itself
    code_.handlers = {{0, 2, 6, 0, false}};
    request_.functionEntry = false;
    request_.entryOffsets = {10};
    std::string text = build();
    EXPECT_EQ(count(Opcode::kLoadFrameSlot), 1) << text; // the previous exception
    EXPECT_EQ(count(Opcode::kCheckEvalBreaker), 1);
}

// What a handler's entry loads is expected to be of the class that the other way has.
TEST_F(BuildTest, HandlerMeetsTheMainWay) {
    slots(2, 1);
    add(Op::kLoadConst, 1); // 0: an int
    add(Op::kStoreFast, 1); // 1
    add(Op::kLoadFast, 0);  // 2, covered
    add(Op::kUnaryInvert);  // 3, covered
    add(Op::kPopTop);       // 4, covered
    add(Op::kLoadFast, 1);  // 5: where both meet
    add(Op::kLoadConst, 1); // 6
    add(Op::kBinaryOp, 12); // 7: ^
    add(Op::kReturnValue);  // 8
    add(Op::kPushExcInfo);  // 9: the handler
    add(Op::kPopTop);       // 10
    add(Op::kPopExcept);    // 11
    add(Op::kJump, 0, 5);   // 12
    code_.handlers = {{4, 10, 18, 0, false}};
    request_.entryOffsets = {18};
    std::string text = build();
    EXPECT_EQ(count(Opcode::kIntXor), 1) << text;
    ASSERT_EQ(count(Opcode::kGuardType), 1) << text;
    EXPECT_EQ(find(Opcode::kGuardType)->block()->entryOffset(), 18);
    // Once that was wrong, it is not expected again.
    runtime::CodeData profile;
    profile.sites[18].generic = true;
    request_.profile = &profile;
    text = build();
    EXPECT_FALSE(find(Opcode::kGuardType)->block()->isEntry()) << text;
}

// A variable that the loop only looks at keeps the class that is found there, for all ways in.
TEST_F(BuildTest, HandlerInALoop) {
    slots(1, 1);
    add(Op::kNop);                // 0
    add(Op::kLoadFast, 0);        // 1: the header
    add(Op::kLoadConst, 1);       // 2
    add(Op::kBinaryOp, 12);       // 3: ^, covered
    add(Op::kPopTop);             // 4
    add(Op::kJumpBackward, 0, 1); // 5
    add(Op::kPushExcInfo);        // 6: the handler
    add(Op::kPopTop);             // 7
    add(Op::kPopExcept);          // 8
    add(Op::kJumpBackward, 0, 1); // 9
    code_.handlers = {{6, 8, 12, 0, false}};
    request_.functionEntry = false;
    request_.entryOffsets = {2, 12};
    std::string text = build();
    EXPECT_EQ(count(Opcode::kGuardType), 2) << text;
    for (int i = 0; i < count(Opcode::kGuardType); ++i)
        EXPECT_TRUE(find(Opcode::kGuardType, i)->block()->isEntry()) << text;
}

// RERAISE fails by its own means: no exit to the interpreter before it.
TEST_F(BuildTest, RaisesAgain) {
    slots(0, 0);
    add(Op::kNop);          // 0, covered
    add(Op::kLoadConst, 0); // 1
    add(Op::kReturnValue);  // 2
    add(Op::kPushExcInfo);  // 3
    add(Op::kReraise, 0);   // 4
    code_.handlers = {{0, 2, 6, 0, false}};
    request_.entryOffsets = {6};
    std::string text = build();
    EXPECT_EQ(countHelper(runtime::Helper::kReraise), 1) << text;
    EXPECT_EQ(count(Opcode::kRaise), 1) << text;
    EXPECT_EQ(count(Opcode::kDeopt), 0) << text;
}

// def g(): x = yield 1
TEST_F(BuildTest, GeneratorSuspendsAndResumes) {
    slots(1, 0);
    add(Op::kReturnGenerator); // 0
    add(Op::kPopTop);          // 1
    add(Op::kResume);          // 2
    add(Op::kLoadConst, 1);    // 3
    add(Op::kYieldValue);      // 4
    add(Op::kResume, 1);       // 5
    add(Op::kStoreFast, 0);    // 6
    add(Op::kLoadConst, 0);    // 7
    add(Op::kReturnValue);     // 8
    request_.functionEntry = false;
    request_.entryOffsets = {2, 10};
    std::string text = build();
    const hir::Instr* yield = find(Opcode::kYield);
    ASSERT_NE(yield, nullptr) << text;
    EXPECT_EQ(yield->frameState()->resumeOffset, 10);
    EXPECT_EQ(yield->frameState()->instrOffset, 8);
    EXPECT_TRUE(yield->frameState()->stack.empty());
    ASSERT_EQ(count(Opcode::kReturn), 1);
    // The sent value and x; only the sent value's stack position is an object for certain.
    EXPECT_EQ(fn_->blocks()[1]->entryOffset(), 10);
    EXPECT_EQ(fn_->blocks()[1]->instrs()[1]->type(), hir::kObject) << text;
}

// yield from
TEST_F(BuildTest, SendLoop) {
    slots(1, 1);
    add(Op::kReturnGenerator);  // 0
    add(Op::kPopTop);           // 1
    add(Op::kPushNull);         // 2
    add(Op::kLoadFast, 0);      // 3
    add(Op::kLoadFast, 0);      // 4
    add(Op::kGetYieldFromIter); // 5
    add(Op::kLoadConst, 0);     // 6
    add(Op::kSend, 0, 11);      // 7
    add(Op::kYieldValue);       // 8
    add(Op::kResume, 2);        // 9
    add(Op::kJump, 0, 7);       // 10
    add(Op::kCall, 1);          // 11
    add(Op::kReturnValue);      // 12
    request_.functionEntry = false;
    request_.entryOffsets = {2, 18};
    std::string text = build();
    EXPECT_EQ(count(Opcode::kSend), 1) << text;
    EXPECT_EQ(countHelper(runtime::Helper::kTakeSecond), 1);
    // The NULL under the callable comes back from memory as something that may be NULL.
    EXPECT_EQ(countHelper(runtime::Helper::kCallMethod), 1) << text;
}

// The end of the iterator leads behind the loop.
TEST_F(BuildTest, AsyncFor) {
    slots(1, 1);
    add(Op::kReturnGenerator);    // 0
    add(Op::kPopTop);             // 1
    add(Op::kLoadFast, 0);        // 2
    add(Op::kGetAIter);           // 3
    add(Op::kGetANext);           // 4, covered from here
    add(Op::kLoadConst, 0);       // 5
    add(Op::kSend, 0, 10);        // 6
    add(Op::kYieldValue);         // 7
    add(Op::kResume, 3);          // 8
    add(Op::kJump, 0, 6);         // 9, to here
    add(Op::kPopTop);             // 10
    add(Op::kJumpBackward, 0, 4); // 11
    add(Op::kEndAsyncFor);        // 12
    add(Op::kLoadConst, 0);       // 13
    add(Op::kReturnValue);        // 14
    code_.handlers = {{8, 20, 24, 1, false}};
    request_.functionEntry = false;
    request_.entryOffsets = {2, 16};
    std::string text = build();
    ASSERT_EQ(count(Opcode::kSend), 1) << text;
    EXPECT_EQ(find(Opcode::kSend)->imm2(), 1) << text;
    EXPECT_EQ(countHelper(runtime::Helper::kTakeSecondOrNull), 1) << text;
    EXPECT_EQ(count(Opcode::kReturn), 1) << text;
    EXPECT_EQ(countHelper(runtime::Helper::kEndAsyncFor), 0) << text; // the handler is not entered
}

TEST_F(BuildTest, UnpacksPair) {
    slots(3, 1);
    add(Op::kLoadFast, 0);
    add(Op::kUnpackSequence, 2, Feedback::Kind::kTwoTuple);
    add(Op::kStoreFast, 1);
    add(Op::kStoreFast, 2);
    add(Op::kLoadFast, 1);
    add(Op::kReturnValue);
    std::string text = build();
    EXPECT_EQ(count(Opcode::kTupleLen), 1);
    const hir::Instr* ret = find(Opcode::kReturn);
    ASSERT_NE(ret, nullptr);
    EXPECT_EQ(ret->operand(0)->opcode(), Opcode::kTupleItem) << text;
    EXPECT_EQ(ret->operand(0)->imm(), 0); // the first item is on top
}

// def f(a): return lambda: a
TEST_F(BuildTest, Closure) {
    slots(1, 1);
    code_.slotKinds = {0x20 | 0x40};
    add(Op::kMakeCell, 0);
    add(Op::kResume);
    add(Op::kLoadClosure, 0);
    add(Op::kBuildTuple, 1);
    add(Op::kLoadConst, 1);
    add(Op::kMakeFunction, 8);
    add(Op::kReturnValue);
    std::string text = build();
    EXPECT_EQ(countHelper(runtime::Helper::kMakeCell), 1);
    EXPECT_EQ(countHelper(runtime::Helper::kMakeFunction), 1) << text;
    EXPECT_EQ(count(Opcode::kDrop), 1) << text; // the cell
}

TEST_F(BuildTest, FreeVariables) {
    slots(1, 0);
    code_.slotKinds = {0x80};
    add(Op::kCopyFreeVars, 1);
    add(Op::kLoadDeref, 0);
    add(Op::kLoadConst, 1);
    add(Op::kBinaryOp, 0, Feedback::Kind::kIntInt);
    add(Op::kStoreDeref, 0);
    add(Op::kLoadConst, 0);
    add(Op::kReturnValue);
    std::string text = build();
    EXPECT_EQ(count(Opcode::kFrameClosure), 1);
    EXPECT_EQ(count(Opcode::kCellGet), 1);
    EXPECT_EQ(count(Opcode::kCellSet), 1) << text;
}

// s += t
TEST_F(BuildTest, StringsGrowInPlace) {
    slots(2, 2);
    add(Op::kLoadFast, 0);
    add(Op::kLoadFast, 1);
    add(Op::kBinaryOp, 13, Feedback::Kind::kStrStr);
    add(Op::kStoreFast, 0);
    add(Op::kLoadFast, 0);
    add(Op::kReturnValue);
    std::string text = build();
    EXPECT_EQ(countHelper(runtime::Helper::kUnicodeAppend), 1) << text;
    EXPECT_EQ(count(Opcode::kDrop), 0) << text;
}

// a and b; a or b
TEST_F(BuildTest, ShortCircuit) {
    slots(2, 2);
    add(Op::kLoadFast, 0);
    add(Op::kJumpIfFalseOrPop, 0, 3);
    add(Op::kLoadFast, 1);
    add(Op::kReturnValue);
    std::string text = build();
    EXPECT_EQ(countHelper(runtime::Helper::kIsTrue), 1);
    ASSERT_EQ(count(Opcode::kPhi), 1) << text;
}

// if a + b: what is tested dies before it is asked whether tracing has begun, and an exit there has
// the answer in its place.
TEST_F(BuildTest, TestedDiesBeforeTheCheck) {
    slots(2, 2);
    add(Op::kLoadFast, 0);
    add(Op::kLoadFast, 1);
    add(Op::kBinaryOp, 0);
    add(Op::kPopJumpIfFalse, 0, 4);
    add(Op::kLoadFast, 0);
    add(Op::kReturnValue);
    const std::string text = build();
    const hir::Instr* tested = nullptr;
    std::vector<const hir::Instr*> behind;
    for (const hir::Block* block : fn_->blocks())
        for (const hir::Instr* instr : block->instrs()) {
            if (tested &&
                (instr->opcode() == Opcode::kDrop || instr->opcode() == Opcode::kCheckTracing))
                behind.push_back(instr);
            if (instr->opcode() == Opcode::kCallRuntime &&
                static_cast<runtime::Helper>(instr->imm()) == runtime::Helper::kIsTrue)
                tested = instr;
        }
    ASSERT_GE(behind.size(), 2u) << text;
    ASSERT_EQ(behind[0]->opcode(), Opcode::kDrop) << text;
    EXPECT_EQ(behind[0]->operand(0), tested->operand(0)) << text;
    ASSERT_EQ(behind[1]->opcode(), Opcode::kCheckTracing) << text;
    ASSERT_EQ(behind[1]->frameState()->stack.size(), 1u) << text;
    EXPECT_EQ(behind[1]->frameState()->stack[0]->opcode(), Opcode::kBoxBool) << text;
    EXPECT_EQ(behind[1]->frameState()->resumeOffset, tested->frameState()->resumeOffset) << text;
}

TEST_F(BuildTest, MaybeUnboundMergesWithNull) {
    slots(2, 1);
    add(Op::kLoadFast, 0);
    add(Op::kPopJumpIfNone, 0, 4);
    add(Op::kLoadFast, 0);
    add(Op::kStoreFast, 1);
    add(Op::kLoadFast, 1);
    add(Op::kReturnValue);
    std::string text = build();
    const hir::Instr* phi = find(Opcode::kPhi);
    ASSERT_NE(phi, nullptr) << text;
    EXPECT_EQ(phi->type().rep, hir::Rep::kNullable);
    EXPECT_EQ(count(Opcode::kGuardNotNull), 1);
    EXPECT_EQ(count(Opcode::kConstNull), 1);
}

// if a is not None: b = 1 (which is bound to a constant on one way only)
TEST_F(BuildTest, ConstantMergesWithNull) {
    for (bool constantFirst : {false, true}) {
        code_.instrs.clear();
        slots(2, 1);
        add(Op::kLoadFast, 0);
        add(constantFirst ? Op::kPopJumpIfNone : Op::kPopJumpIfNotNone, 0, 5);
        if (!constantFirst)
            add(Op::kNop);
        add(Op::kLoadConst, 1);
        add(Op::kStoreFast, 1);
        if (constantFirst)
            add(Op::kNop);
        add(Op::kLoadFast, 1);
        add(Op::kReturnValue);
        build();
        EXPECT_EQ(count(Opcode::kPhi), 1);
    }
}

TEST_F(BuildTest, EntryThatIsNeverReachedIsLeftOut) {
    slots(0, 0);
    add(Op::kLoadConst, 0);
    add(Op::kReturnValue);
    add(Op::kResume, 1);
    add(Op::kLoadConst, 0);
    add(Op::kReturnValue);
    request_.entryOffsets = {4};
    build();
    EXPECT_EQ(count(Opcode::kReturn), 1);
}

TEST_F(BuildTest, LeavesFrameBeforeLocalsGo) {
    slots(1, 1);
    add(Op::kLoadConst, 0);
    add(Op::kReturnValue);
    build();
    const auto& instrs = fn_->blocks().back()->instrs();
    ASSERT_GE(instrs.size(), 4u);
    auto op = [&](size_t fromEnd) { return instrs[instrs.size() - fromEnd]->opcode(); };
    EXPECT_EQ(op(4), Opcode::kGuardFrameUnshared);
    EXPECT_EQ(op(3), Opcode::kLeaveFrame);
    EXPECT_EQ(op(2), Opcode::kDrop);
    EXPECT_EQ(op(1), Opcode::kReturn);
}

TEST_F(BuildTest, InconsistentDepthIsRefused) {
    slots(1, 1);
    add(Op::kLoadFast, 0);
    add(Op::kPopJumpIfNone, 0, 3);
    add(Op::kLoadFast, 0);
    add(Op::kLoadFast, 0);
    add(Op::kReturnValue);
    EXPECT_THAT(build(), HasSubstr("stack depth"));
}

TEST_F(BuildTest, UnderflowIsRefused) {
    add(Op::kPopTop);
    add(Op::kReturnValue);
    EXPECT_THAT(build(), HasSubstr("underflow"));
    code_.instrs.clear();
    add(Op::kLoadConst, 9);
    add(Op::kReturnValue);
    EXPECT_THAT(build(), HasSubstr("out of range"));
    code_.instrs.clear();
    add(Op::kLoadConst, 0);
    EXPECT_THAT(build(), HasSubstr("runs off"));
}

// Every operation of the table, with as many operands as it needs, gives a graph that verifies.
TEST_F(BuildTest, EveryBytecodeIsTranslated) {
    for (int o = 0; o <= static_cast<int>(Op::kPrintExpr); ++o) {
        const Op op = static_cast<Op>(o);
        for (int arg : {0, 1, 2, 3}) {
            SCOPED_TRACE(std::string(name(op)) + " " + std::to_string(arg));
            code_.instrs.clear();
            slots(2, 2);
            code_.slotKinds = {0x20, 0x40};
            code_.names.assign(4, object(kName));
            add(Op::kResume);
            add(Op::kNop);
            for (int i = 0; i < 9; ++i)
                add(Op::kLoadFast, 0);
            int index = static_cast<int>(code_.instrs.size());
            Instr in = add(op, arg);
            if (mayJump(op))
                code_.instrs.back().target = (op == Op::kJumpBackward ? index : index + 1) * 2;
            StackEffect next = stackEffect(in, false);
            StackEffect jump = mayJump(op) ? stackEffect(in, true) : next;
            bool sameDepth = next.pushes - next.pops == jump.pushes - jump.pops;
            if (!sameDepth)
                code_.instrs.back().target = (index + 2) * 2;
            add(Op::kLoadConst, 0);
            add(Op::kReturnValue);
            if (!sameDepth) { // two ends
                code_.instrs.pop_back();
                code_.instrs.back() = Instr{};
                code_.instrs.pop_back();
                add(Op::kReturnValue);
                add(Op::kLoadConst, 0);
                add(Op::kReturnValue);
            }
            std::string text = build();
            // These are wrong with some operands: a slot or position that does not exist.
            EXPECT_THAT(text, testing::AnyOf(Not(HasSubstr("failed")), HasSubstr("out of range")))
                << text;
        }
    }
}

} // namespace
} // namespace pyston::build
