// Lowering of guards, exits, objects, iteration, calls, the frame and control flow.
#include "lower_fixture.h"

namespace pyston::lower {
namespace {

class LowerObjects : public LowerTest {};
INSTANTIATE_TEST_SUITE_P(Both, LowerObjects, ::testing::Bool(),
                         [](const auto& info) { return info.param ? "Native" : "Evaluated"; });

// --- guards

TEST_P(LowerObjects, GuardsRefineWithoutCopies) {
    compileBody("  v2:obj:list = GuardType v0 list [fs0]\n  Return v2\n", "obj", "obj");
    Fake list(classAddress(hir::ExactClass::kList)), other;
    slot(0, list.address());
    EXPECT_EQ(run().value, list.address());
    EXPECT_THAT(text(), Not(HasSubstr("Move")));
    slot(0, other.address());
    const auto outcome = run();
    ASSERT_NE(outcome.exit, nullptr);
    EXPECT_EQ(outcome.exit->reason, exits::Reason::kGuard);
    EXPECT_EQ(outcome.exit->resumeOffset, 10);
    EXPECT_EQ(outcome.exit->instrOffset, 12);
    EXPECT_EQ(outcome.exit->hirOpcode, static_cast<uint8_t>(hir::Opcode::kGuardType));
    ASSERT_EQ(outcome.exit->slots.size(), 2u);
    EXPECT_EQ(outcome.exit->slots[0].bits, other.address());
    EXPECT_TRUE(outcome.exit->slots[0].incref);
}

TEST_P(LowerObjects, VersionGuards) {
    Fake type, keys, object(type.address());
    object.at(32) = keys.address();
    type.at(16) = 0xfffffff0; // above 2**31
    type.at(24) = keys.address();
    keys.at(8) = uint64_t{77} << 32;
    object.at(-32) = 1; // inline values
    slot(0, object.address());
    slot(1, type.address());
    const auto leaves = [&](const std::string& guard) {
        compileBody("  " + guard + " [fs0]\n  Return v0\n", "obj", "obj");
        return run().exit != nullptr;
    };
    EXPECT_FALSE(leaves("v2:obj = GuardTypeVersion v0 version 4294967280"));
    EXPECT_TRUE(leaves("v2:obj = GuardTypeVersion v0 version 4294967281"));
    // Fused with the guard, and as a value.
    EXPECT_FALSE(leaves("v2:bool = OwnVersionIs v1 version 4294967280\n  GuardTrue v2"));
    EXPECT_TRUE(leaves("v2:bool = OwnVersionIs v1 version 4294967281\n  GuardTrue v2"));
    EXPECT_TRUE(leaves("v2:bool = OwnVersionIs v1 version 4294967280\n  v3:i64 = BoolToInt v2\n"
                       "  v4:i64 = ConstInt #0\n  v5:bool = IntCompare v3 v4 eq\n  v6:bool = "
                       "BoolNot v5\n  GuardFalse v6"));
    type.at(80) = 0xfffffff1;
    EXPECT_FALSE(leaves("v2:obj = GuardFunctionVersion v1 version 4294967281"));
    EXPECT_TRUE(leaves("v2:obj = GuardFunctionVersion v1 version 4294967280"));
    EXPECT_FALSE(leaves("v2:bool = FunctionVersionIs v1 version 4294967281\n  GuardTrue v2"));
    EXPECT_TRUE(leaves("v2:bool = FunctionVersionIs v1 version 4294967280\n  GuardTrue v2"));
    EXPECT_FALSE(leaves("GuardDictKeysVersion v0 version 77"));
    EXPECT_TRUE(leaves("GuardDictKeysVersion v0 version 78"));
    EXPECT_FALSE(leaves("GuardInstanceKeysVersion v0 version 77"));
    EXPECT_TRUE(leaves("GuardInstanceKeysVersion v0 version 78"));
    object.at(-32) = 0;
    EXPECT_TRUE(leaves("GuardInstanceKeysVersion v0 version 77"));
    EXPECT_FALSE(leaves("GuardNoDict v0 @-1"));
    EXPECT_FALSE(leaves("GuardNoDict v0 @0"));
    EXPECT_TRUE(leaves("GuardNoDict v0 @32"));
    object.at(-24) = 1;
    EXPECT_TRUE(leaves("GuardNoDict v0 @-1"));
}

TEST_P(LowerObjects, NullGuard) {
    Fake object;
    compileBody("  v2:obj = GuardNotNull v0 [fs0]\n  Return v2\n", "obj?", "obj");
    slot(0, object.address());
    EXPECT_EQ(run().exit, nullptr);
    slot(0, 0);
    EXPECT_NE(run().exit, nullptr);
}

TEST_P(LowerObjects, GuardCodeChecksClassAndCode) {
    Fake function(classAddress(hir::ExactClass::kFunction)), code, other;
    runtime::CodeData data;
    data.code = reinterpret_cast<Object*>(code.address());
    function.at(48) = code.address();
    compileBody("  v2:obj = GuardCode v0 " + hex(&data) + " [fs0]\n  Return v0\n", "obj", "obj");
    slot(0, function.address());
    EXPECT_EQ(run().exit, nullptr);
    function.at(48) = other.address();
    EXPECT_NE(run().exit, nullptr);
    slot(0, other.address());
    EXPECT_NE(run().exit, nullptr);
}

TEST_P(LowerObjects, StressExitsLeaveAlthoughTheGuardHolds) {
    int64_t counter = 3;
    context_.stressCounter = reinterpret_cast<uint64_t>(&counter);
    compileBody("  v2:obj = GuardNotNull v0 [fs0]\n  Return v2\n", "obj?", "obj?");
    slot(0, box.address());
    EXPECT_EQ(run().exit, nullptr);
    EXPECT_EQ(run().exit, nullptr);
    const auto outcome = run();
    ASSERT_NE(outcome.exit, nullptr);
    EXPECT_EQ(outcome.exit->reason, exits::Reason::kForced);
}

// --- exits

TEST_P(LowerObjects, ExitOperandsFollowTheReferences) {
    compile(R"(func "f" slots=5 locals=5 stack=4 {
bb0 (entry 0):
  v0:obj = LoadFrameSlot $0
  v1:obj = LoadFrameSlot $1
  v2:i64 = ConstInt #7
  v3:f64 = ConstDouble 1.5
  v4:obj? = ConstNull
  v5:bool = ConstBool #1
  v6:obj:bool = BoxBool v5
  v7:obj = CallRuntime BinaryOp v0 v1 #4 [fs0: move incref incref _ incref | consumed move incref ; releases v1]
  v8:obj:list = GuardType v0 list [fs0: move frame incref _ incref | consumed move incref ; releases v7]
  Return v7
fs0: resume=10 at=12 slots=[v0 v1 v2 _ v4] stack=[v0 v3 v6]
}
)");
    ASSERT_EQ(lir_->exits.size(), 3u); // recursion, error, guard
    const lir::ExitPoint& error = lir_->exits[1];
    EXPECT_EQ(error.reason, exits::Reason::kError);
    EXPECT_EQ(error.slots[0].kind, ExitOperand::kReg);
    EXPECT_FALSE(error.slots[0].incref);
    EXPECT_TRUE(error.slots[1].incref);
    EXPECT_EQ(error.slots[2].kind, ExitOperand::kConst);
    EXPECT_EQ(error.slots[2].repr, exits::Repr::kInt64);
    EXPECT_EQ(error.slots[2].bits, 7);
    EXPECT_FALSE(error.slots[2].incref);
    EXPECT_EQ(error.slots[3].kind, ExitOperand::kNull);
    EXPECT_EQ(error.slots[4].kind, ExitOperand::kNull);
    EXPECT_EQ(error.stack[0].kind, ExitOperand::kNull); // consumed
    EXPECT_EQ(error.stack[1].repr, exits::Repr::kDouble);
    EXPECT_EQ(error.stack[1].bits, std::bit_cast<int64_t>(1.5));
    EXPECT_EQ(error.stack[2].kind, ExitOperand::kConst);
    EXPECT_EQ(error.stack[2].bits, static_cast<int64_t>(true_.address()));
    EXPECT_TRUE(error.stack[2].incref);
    ASSERT_EQ(error.releases.size(), 1u);
    EXPECT_EQ(error.releases[0].reg, error.slots[1].reg);
    const lir::ExitPoint& guard = lir_->exits[2];
    EXPECT_EQ(guard.reason, exits::Reason::kGuard);
    EXPECT_EQ(guard.slots[1].kind, ExitOperand::kInFrame);
    EXPECT_EQ(guard.stack[0].kind, ExitOperand::kReg); // a guard consumes nothing
}

TEST_P(LowerObjects, DeoptAndRaise) {
    compileBody("  Deopt [fs0]\n", "obj", "obj");
    EXPECT_EQ(run().exit->reason, exits::Reason::kDeopt);
    compileBody("  Raise [fs0]\n", "obj", "obj");
    EXPECT_EQ(run().exit->reason, exits::Reason::kError);
}

// --- objects

TEST_P(LowerObjects, ListAndTupleItems) {
    Fake list, items, tuple;
    list.at(16) = tuple.at(16) = 3;
    list.at(24) = items.address();
    for (int i = 0; i < 3; ++i)
        items.at(8 * i) = tuple.at(24 + 8 * i) = static_cast<uint64_t>(100 + i);
    const auto get = [&](const std::string& body, uint64_t object,
                         int64_t index) -> std::optional<uint64_t> {
        compileBody(body, "obj", "i64");
        slot(0, object);
        slot(1, static_cast<uint64_t>(index));
        const auto outcome = run();
        return outcome.exit ? std::nullopt : std::optional(outcome.value);
    };
    for (int64_t index : {-5, -4, -3, -2, -1, 0, 1, 2, 3, 4}) {
        std::optional<uint64_t> expected;
        if (index >= -3 && index < 3)
            expected = static_cast<uint64_t>(100 + (index < 0 ? index + 3 : index));
        const std::string constant = "  v2:i64 = ConstInt #" + std::to_string(index) + "\n";
        EXPECT_EQ(get("  v3:obj = ListGet v0 v1 [fs0]\n  Return v3\n", list.address(), index),
                  expected);
        EXPECT_EQ(
            get(constant + "  v3:obj = ListGet v0 v2 [fs0]\n  Return v3\n", list.address(), 0),
            expected);
        EXPECT_EQ(get("  v3:obj = TupleGet v0 v1 [fs0]\n  Return v3\n", tuple.address(), index),
                  expected);
        EXPECT_EQ(
            get(constant + "  v3:obj = TupleGet v0 v2 [fs0]\n  Return v3\n", tuple.address(), 0),
            expected);
    }
    EXPECT_EQ(get("  v3:obj = TupleItem v0 #2\n  Return v3\n", tuple.address(), 0), 102u);
    EXPECT_EQ(get("  v3:obj = ListSet v0 v1 v0 [fs0]\n  Return v3\n", list.address(), -1), 102u);
    EXPECT_EQ(items.at(16), list.address());
    EXPECT_EQ(get("  v3:obj = ListSet v0 v1 v0 [fs0]\n  Return v3\n", list.address(), 3),
              std::nullopt);
}

TEST_P(LowerObjects, AppendsWhereThereIsRoom) {
    runtime::setAddress(Helper::kListAppend, reinterpret_cast<uint64_t>(&threeArgs));
    Fake list, items, item;
    list.at(16) = 1;
    list.at(24) = items.address();
    list.at(32) = 2;
    compileBody("  CallRuntime ListAppend v0 v1 [fs0]\n  Return v0\n", "obj", "obj");
    const auto append = [&] {
        slot(0, list.address());
        slot(1, item.address());
        return run();
    };
    calls.result = 0;
    EXPECT_FALSE(append().exit);
    EXPECT_EQ(list.at(16), 2u);
    EXPECT_EQ(items.at(8), item.address());
    EXPECT_TRUE(calls.args.empty());
    EXPECT_FALSE(append().exit);
    ASSERT_GE(calls.args.size(), 2u);
    EXPECT_EQ(calls.args[0], list.address());
    EXPECT_EQ(calls.args[1], item.address());
    EXPECT_EQ(list.at(16), 2u); // that is the helper's business
    calls.result = ~uint64_t{0};
    EXPECT_EQ(append().exit->reason, exits::Reason::kError);
}

TEST_P(LowerObjects, SequenceItems) {
    Fake list(classAddress(hir::ExactClass::kList)), tuple(classAddress(hir::ExactClass::kTuple));
    Fake items, other(classAddress(hir::ExactClass::kSet));
    list.at(16) = tuple.at(16) = other.at(16) = 2;
    list.at(24) = items.address();
    items.at(8) = 101;
    tuple.at(32) = 201;
    const auto get = [&](uint64_t object, const char* type) -> std::optional<uint64_t> {
        compileBody(
            "  v2:ptr = SequenceItems v0 #2 [fs0]\n  v3:obj = ItemAt v2 v0 #1\n  Return v3\n", type,
            "obj");
        slot(0, object);
        const auto outcome = run();
        return outcome.exit ? std::nullopt : std::optional(outcome.value);
    };
    for (bool known : {false, true}) {
        EXPECT_EQ(get(list.address(), known ? "obj:list" : "obj"), 101u);
        EXPECT_EQ(get(tuple.address(), known ? "obj:tuple" : "obj"), 201u);
    }
    EXPECT_EQ(get(other.address(), "obj"), std::nullopt);
    list.at(16) = 3;
    tuple.at(16) = 1;
    for (bool known : {false, true}) {
        EXPECT_EQ(get(list.address(), known ? "obj:list" : "obj"), std::nullopt);
        EXPECT_EQ(get(tuple.address(), known ? "obj:tuple" : "obj"), std::nullopt);
    }
}

TEST_P(LowerObjects, NumbersInArrays) {
    Fake array, items;
    array.at(16) = 3;
    array.at(24) = array.at(32) = items.address();
    const auto get = [&](const std::string& kind, int64_t index) -> std::optional<int64_t> {
        compileBody("  v2:i64 = ArrayGet v0 v1 " + kind +
                        " [fs0]\n  v3:obj:int = BoxInt v2 [fs0]\n  Return v3\n",
                    "obj", "i64");
        return binary(static_cast<int64_t>(array.address()), index);
    };
    items.at(0) = 0xfffffffeffffffff;
    items.at(8) = 0x80;
    items.at(16) = 7;
    EXPECT_EQ(get("array_l", -3), -0x100000001);
    EXPECT_EQ(get("array_q", 2), 7);
    EXPECT_EQ(get("array_i", 0), -1);
    EXPECT_EQ(get("array_i", 1), -2);
    EXPECT_EQ(get("array_I", 0), 0xffffffff);
    EXPECT_EQ(get("array_I", 1), 0xfffffffe);
    EXPECT_EQ(get("array_B", 2), 0xff);
    EXPECT_EQ(get("bytearray", 0), 0xff);
    array.at(32) = 0x030201;
    EXPECT_EQ(get("bytes", -1), 3);
    EXPECT_EQ(get("bytes", 3), std::nullopt);
    EXPECT_EQ(get("bytes", -4), std::nullopt);
    array.at(32) = items.address();

    const auto set = [&](const std::string& kind, int64_t value) {
        items.at(0) = 0;
        compileBody("  v2:i64 = ConstInt #0\n  ArraySet v0 v2 v1 " + kind +
                        " [fs0]\n  v3:obj:int = BoxInt v1 [fs0]\n  Return v3\n",
                    "obj", "i64");
        return binary(static_cast<int64_t>(array.address()), value) ? std::optional(items.at(0))
                                                                    : std::nullopt;
    };
    EXPECT_EQ(set("array_l", -2), uint64_t{0xfffffffffffffffe});
    EXPECT_EQ(set("array_i", -2), 0xfffffffeu);
    EXPECT_EQ(set("array_i", INT32_MAX), uint64_t{INT32_MAX});
    EXPECT_EQ(set("array_i", int64_t{INT32_MAX} + 1), std::nullopt);
    EXPECT_EQ(set("array_i", int64_t{INT32_MIN} - 1), std::nullopt);
    EXPECT_EQ(set("array_I", UINT32_MAX), uint64_t{UINT32_MAX});
    EXPECT_EQ(set("array_I", int64_t{UINT32_MAX} + 1), std::nullopt);
    EXPECT_EQ(set("array_I", -1), std::nullopt);
    EXPECT_EQ(set("array_B", 255), 255u);
    EXPECT_EQ(set("array_B", 256), std::nullopt);
    EXPECT_EQ(set("bytearray", -1), std::nullopt);
}

TEST_P(LowerObjects, DoublesInArrays) {
    Fake array, items;
    array.at(16) = 2;
    array.at(24) = items.address();
    items.at(8) = std::bit_cast<uint64_t>(2.5);
    compileBody("  v2:f64 = ArrayGet v0 v1 array_d [fs0]\n  v3:f64 = DoubleAdd v2 v2\n"
                "  v4:i64 = ConstInt #0\n  ArraySet v0 v4 v3 array_d [fs0]\n  Return v0\n",
                "obj", "i64");
    slot(0, array.address());
    slot(1, 1);
    EXPECT_EQ(run().exit, nullptr);
    EXPECT_EQ(std::bit_cast<double>(items.at(0)), 5.0);
    slot(1, 2);
    EXPECT_NE(run().exit, nullptr);
}

TEST_P(LowerObjects, ArraysAreGuardedByClassAndTypeCode) {
    compileBody("  v2:obj:array_d = GuardType v0 array_d [fs0]\n  Return v2\n", "obj", "obj");
    Fake array(classAddress(hir::ExactClass::kArrayD)), other;
    array.at(40) = context_.arrayDescriptors[static_cast<size_t>(hir::ExactClass::kArrayD)];
    slot(0, array.address());
    EXPECT_EQ(run().exit, nullptr);
    array.at(40) = other.address();
    EXPECT_NE(run().exit, nullptr);
    slot(0, other.address());
    EXPECT_NE(run().exit, nullptr);
}

TEST_P(LowerObjects, ProbesLeaveOnce) {
    int32_t countdown = 2;
    compileBody("  Probe #" + std::to_string(reinterpret_cast<intptr_t>(&countdown)) +
                    " [fs0]\n  Return v0\n",
                "obj", "obj");
    Fake object;
    slot(0, object.address());
    EXPECT_EQ(run().exit, nullptr);
    const auto outcome = run();
    ASSERT_NE(outcome.exit, nullptr);
    EXPECT_EQ(outcome.exit->reason, exits::Reason::kProbe);
    EXPECT_EQ(countdown, 0);
    EXPECT_EQ(run().exit, nullptr);
}

TEST_P(LowerObjects, NoLevelOfRecursionLeft) {
    compileBody("  GuardLevelLeft [fs0]\n  Return v0\n", "obj", "obj");
    Fake object;
    slot(0, object.address());
    thread_.at(8) = 2; // the entry takes one
    EXPECT_EQ(run().exit, nullptr);
    thread_.at(8) = 1;
    EXPECT_NE(run().exit, nullptr);
}

TEST_P(LowerObjects, InstanceValues) {
    Fake object, values, value, old;
    slot(0, object.address());
    slot(1, value.address());
    compileBody("  v2:obj = LoadInstanceValue v0 #2 [fs0]\n  Return v2\n", "obj", "obj");
    EXPECT_NE(run().exit, nullptr); // no inline values
    object.at(-32) = values.address();
    EXPECT_NE(run().exit, nullptr); // not set
    values.at(16) = old.address();
    EXPECT_EQ(run().value, old.address());
    compileBody("  v2:obj? = StoreInstanceValue v0 v1 #2 [fs0]\n  v3:obj = GuardNotNull v2 [fs0]\n "
                " Return v3\n",
                "obj", "obj");
    EXPECT_EQ(run().value, old.address());
    EXPECT_EQ(values.at(16), value.address());
    values.at(16) = 0;
    EXPECT_NE(run().exit, nullptr);
    EXPECT_EQ(values.at(16), 0u);
}

TEST_P(LowerObjects, SharedValues) {
    Fake object, type, values, dict, keys, other, value;
    slot(0, object.address());
    object.at(8) = type.address();
    type.at(24) = keys.address();
    const auto load = [&] {
        compileBody("  v2:obj? = LoadSharedValue v0 #2 [fs0]\n  v3:obj = ReplaceNull v2 v1\n"
                    "  Return v3\n",
                    "obj", "obj");
        const auto outcome = run();
        return outcome.exit != nullptr ? 0 : outcome.value;
    };
    const auto find = [&] {
        compileBody("  v2:obj? = FindSharedValue v0 #2\n  v3:obj = ReplaceNull v2 v1\n"
                    "  Return v3\n",
                    "obj", "obj");
        const auto outcome = run();
        EXPECT_EQ(outcome.exit, nullptr);
        return outcome.value;
    };
    const uint64_t none = other.address(); // stands for NULL
    slot(1, none);
    EXPECT_EQ(load(), 0u); // neither values nor a dict
    EXPECT_EQ(find(), none);
    object.at(-24) = dict.address();
    EXPECT_EQ(load(), 0u); // a dict with keys of its own
    EXPECT_EQ(find(), none);
    dict.at(32) = keys.address();
    dict.at(40) = values.address();
    EXPECT_EQ(load(), none); // unset
    EXPECT_EQ(find(), none);
    values.at(16) = value.address();
    EXPECT_EQ(load(), value.address());
    EXPECT_EQ(find(), value.address());
    object.at(-24) = 0;
    object.at(-32) = values.address(); // inline
    EXPECT_EQ(load(), value.address());
    EXPECT_EQ(find(), value.address());
    values.at(16) = 0;
    EXPECT_EQ(load(), none);
    EXPECT_EQ(find(), none);
}

TEST_P(LowerObjects, DictEntries) {
    Fake dict, keys, value, old;
    dict.at(32) = keys.address();
    dict.at(-16) = 1;                            // tracked
    keys.at(8) = (uint64_t{9} << 32) | (3 << 8); // 8 bytes of indices, version 9
    const int entry = 32 + 8 + 2 * 16 + 8;
    slot(0, dict.address());
    slot(1, value.address());
    compileBody("  v2:obj = LoadDictEntry v0 version 9 #2 [fs0]\n  Return v2\n", "obj", "obj");
    EXPECT_NE(run().exit, nullptr); // no value
    keys.at(entry) = old.address();
    EXPECT_EQ(run().value, old.address());
    compileBody("  v2:obj = LoadDictEntry v0 version 8 #2 [fs0]\n  Return v2\n", "obj", "obj");
    EXPECT_NE(run().exit, nullptr);

    const auto leavesUnless = [&](uint64_t object) {
        compileBody("  GuardDictEntry v0 " + hex(reinterpret_cast<void*>(object)) + " #" +
                        std::to_string(entry) + " [fs0]\n  Return v1\n",
                    "obj", "obj");
        return run().exit != nullptr;
    };
    EXPECT_FALSE(leavesUnless(old.address()));
    EXPECT_TRUE(leavesUnless(value.address()));
    EXPECT_TRUE(leavesUnless(9));
}

TEST_P(LowerObjects, FieldsAndCells) {
    Fake object, value;
    slot(0, object.address());
    slot(1, value.address());
    object.at(16) = 5;
    compileBody("  v2:obj? = CellSet v0 v1\n  v3:obj = Refine v2\n  Return v3\n", "obj", "obj");
    EXPECT_EQ(run().value, 5u);
    compileBody("  v2:obj? = CellGet v0\n  v3:obj = Refine v2\n  Return v3\n", "obj", "obj");
    EXPECT_EQ(run().value, value.address());
    compileBody(
        "  v2:obj? = ConstNull\n  v3:obj? = CellSet v0 v2\n  v4:obj = Refine v3\n  Return v4\n",
        "obj", "obj");
    EXPECT_EQ(run().value, value.address());
    EXPECT_EQ(object.at(16), 0u);
    compileBody("  v2:obj? = StoreField v0 v1 @40\n  v3:obj? = LoadField v0 @40\n  v4:obj = Refine "
                "v3\n  Return v4\n",
                "obj", "obj");
    EXPECT_EQ(run().value, value.address());
}

TEST_P(LowerObjects, ReplaceNull) {
    Fake object;
    compileBody("  v2:obj = ReplaceNull v0 v1\n  Return v2\n", "obj?", "obj");
    slot(1, object.address());
    slot(0, 0);
    EXPECT_EQ(run().value, object.address());
    Fake other;
    slot(0, other.address());
    EXPECT_EQ(run().value, other.address());
}

// --- iteration

// Leaves unless the iterator v0 has an item left.
std::string left(const std::string& iteratorClass) {
    return "  v7:i64 = IterLeft v0 " + iteratorClass +
           "\n  v8:i64 = ConstInt #0\n  v9:bool = IntCompare v7 v8 gt\n  GuardTrue v9 [fs0]\n";
}

TEST_P(LowerObjects, RangeIterator) {
    Fake iterator;
    compileBody(left("range_iterator") + "  v3:i64 = RangeIterNext v0\n"
                                         "  v4:obj:int = BoxInt v3 [fs0]\n  Return v4\n",
                "obj", "obj");
    iterator.at(24) = 10;                        // start
    iterator.at(32) = static_cast<uint64_t>(-3); // step
    iterator.at(40) = 2;                         // length
    slot(0, iterator.address());
    run();
    EXPECT_EQ(calls.newInt, 10);
    run();
    EXPECT_EQ(calls.newInt, 7);
    EXPECT_NE(run().exit, nullptr);
    EXPECT_EQ(iterator.at(16), 2u);
}

TEST_P(LowerObjects, SequenceIterators) {
    Fake list, items, tuple, iterator;
    list.at(16) = tuple.at(16) = 2;
    list.at(24) = items.address();
    items.at(0) = tuple.at(24) = 70;
    items.at(8) = tuple.at(32) = 71;
    slot(0, iterator.address());
    for (Fake* sequence : {&list, &tuple}) {
        const std::string iteratorClass = sequence == &list ? "list_iterator" : "tuple_iterator";
        compileBody(left(iteratorClass) + "  v3:obj = SequenceIterNext v0 " + iteratorClass +
                        "\n  Return v3\n",
                    "obj", "obj");
        iterator.at(24) = sequence->address();
        iterator.at(16) = 0;
        EXPECT_EQ(run().value, 70u);
        EXPECT_EQ(run().value, 71u);
        EXPECT_NE(run().exit, nullptr);
        iterator.at(16) = 5; // the list became shorter
        EXPECT_NE(run().exit, nullptr);
        iterator.at(24) = 0; // ended before
        EXPECT_NE(run().exit, nullptr);
    }
}

TEST_P(LowerObjects, OtherIterators) {
    Fake iterator, item;
    runtime::setAddress(Helper::kIterNext, reinterpret_cast<uint64_t>(&threeArgs));
    compileBody("  v2:obj? = IterNext v0 #0 [fs0]\n  v3:obj = GuardNotNull v2 [fs0]\n  Return v3\n",
                "obj", "obj");
    slot(0, iterator.address());
    calls.result = item.address();
    EXPECT_EQ(run().value, item.address());
    EXPECT_EQ(calls.args[0], thread_.address());
    EXPECT_EQ(calls.args[1], iterator.address());
    calls.result = 0;
    EXPECT_EQ(run().exit->reason, exits::Reason::kGuard);
    calls.result = runtime::kErrorSentinel;
    EXPECT_EQ(run().exit->reason, exits::Reason::kError);
}

// --- calls

TEST_P(LowerObjects, HelperArgumentsAndErrors) {
    Fake a, b;
    slot(0, a.address());
    slot(1, b.address());
    runtime::setAddress(Helper::kBinaryOp, reinterpret_cast<uint64_t>(&threeArgs));
    compileBody("  v2:obj = CallRuntime BinaryOp v0 v1 #4 [fs0]\n  Return v2\n", "obj", "obj");
    EXPECT_EQ(run().value, box.address());
    EXPECT_THAT(calls.args, ::testing::ElementsAre(4, a.address(), b.address()));
    calls.result = 0;
    EXPECT_EQ(run().exit->reason, exits::Reason::kError);

    runtime::setAddress(Helper::kContains, reinterpret_cast<uint64_t>(&threeArgs));
    compileBody("  v2:bool = CallRuntime Contains v0 v1 [fs0]\n  v3:i64 = BoolToInt v2\n  "
                "v4:obj:int = BoxInt v3 "
                "[fs0]\n  Return v4\n",
                "obj", "obj");
    calls.result = 1;
    run();
    EXPECT_EQ(calls.newInt, 1);
    calls.result = static_cast<uint64_t>(-1);
    EXPECT_EQ(run().exit->reason, exits::Reason::kError);

    runtime::setAddress(Helper::kStoreGlobal, reinterpret_cast<uint64_t>(&threeArgs));
    compileBody("  CallRuntime StoreGlobal v0 v1 [fs0]\n  Return v0\n", "obj", "obj");
    calls.result = 0;
    EXPECT_EQ(run().exit, nullptr);
    EXPECT_THAT(calls.args, ::testing::ElementsAre(frame_.address(), a.address(), b.address()));
}

TEST_P(LowerObjects, ArgumentArrays) {
    Fake a, b;
    slot(0, a.address());
    slot(1, b.address());
    runtime::setAddress(Helper::kCall, reinterpret_cast<uint64_t>(&callWithArray));
    compileBody("  v2:obj? = ConstNull\n  v3:obj = ConstObject 0x1234567890\n  v4:obj = "
                "CallRuntime Call v2 v0 v1 v3 "
                "[fs0]\n  Return v4\n",
                "obj", "obj");
    EXPECT_EQ(run().value, box.address());
    EXPECT_THAT(calls.args, ::testing::ElementsAre(thread_.address(), 0, a.address()));
    EXPECT_THAT(calls.array, ::testing::ElementsAre(b.address(), 0x1234567890));

    runtime::setAddress(Helper::kCallDirect, reinterpret_cast<uint64_t>(&callWithArray));
    runtime::CodeData callee; // whose frame a helper has to make
    compileBody("  v2:obj = CallDirect v0 v1 v1 " + hex(&callee) + " [fs0]\n  Return v2\n", "obj",
                "obj");
    EXPECT_EQ(run().value, box.address());
    EXPECT_THAT(calls.args,
                ::testing::ElementsAre(thread_.address(), reinterpret_cast<uint64_t>(&callee),
                                       a.address()));
    EXPECT_THAT(calls.array, ::testing::ElementsAre(b.address(), b.address()));
}

// --- the frame

TEST_P(LowerObjects, EntriesCountRecursionAndReturnsGiveItBack) {
    compileBody("  Return v0\n", "obj", "obj");
    slot(0, box.address());
    frame_.at(64) = static_cast<uint64_t>(-1);
    EXPECT_EQ(run().value, box.address());
    EXPECT_EQ(thread_.at(8), 100u);
    EXPECT_EQ(cframe_.at(8), previous_.address());
    EXPECT_EQ(frame_.at(64) & 0xffffffff, 0u);

    thread_.at(8) = 0;
    const auto outcome = run();
    ASSERT_NE(outcome.exit, nullptr);
    EXPECT_EQ(outcome.exit->reason, exits::Reason::kRecursion);
    EXPECT_EQ(outcome.exit->resumeOffset, 0);
    EXPECT_EQ(outcome.exit->slots[0].kind, ExitOperand::kInFrame);
    EXPECT_EQ(outcome.exit->slots.size(), 2u);
    EXPECT_EQ(outcome.exit->stack.size(), 0u);
}

TEST_P(LowerObjects, LeaveFrameComesBeforeTheReleases) {
    compile(R"(func "f" slots=1 locals=1 stack=1 {
bb0 (entry 0):
  v0:obj = LoadFrameSlot $0
  v1:obj = ConstObject 0x5000
  LeaveFrame
  Decref v0 [fs0]
  Return v1
fs0: resume=10 at=12 slots=[_] stack=[]
}
)");
    Fake local;
    local.at(0) = 2;
    slot(0, local.address());
    EXPECT_EQ(run().value, 0x5000u);
    EXPECT_EQ(thread_.at(8), 100u); // given back once
    EXPECT_EQ(cframe_.at(8), previous_.address());
    EXPECT_EQ(local.references(), 1);
    EXPECT_THAT(text(), Not(HasSubstr("Release"))); // nobody can look at the frame any more
}

// The frame shows what the release's state says, as far as it does not hold it already.
TEST_P(LowerObjects, ReleasesShowTheFrame) {
    compile(R"(func "f" slots=3 locals=3 stack=4 {
bb0 (entry 0):
  v0:obj? = LoadFrameSlot $0
  v1:obj = LoadFrameSlot $1
  v2:i64 = LoadFrameSlot $2
  Decref v0 [fs0: frame move _ | move]
  Return v1
fs0: resume=10 at=12 slots=[v1 v2 _] stack=[v1]
}
)");
    Fake dead, other;
    dead.at(0) = 2;
    slot(0, dead.address());
    slot(1, other.address());
    slot(2, 77);
    EXPECT_TRUE(run().observed.empty());
    EXPECT_EQ(dead.references(), 1);
    const auto outcome = run();
    EXPECT_EQ(outcome.value, other.address());
    EXPECT_EQ(dead.references(), 0);
    ASSERT_EQ(outcome.observed.size(), 1u);
    EXPECT_EQ(outcome.observed[0].dead, dead.address());
    EXPECT_EQ(outcome.observed[0].instrOffset, 12);
    const auto& slots = outcome.observed[0].slots;
    ASSERT_EQ(slots.size(), 3u);
    EXPECT_EQ(slots[0].kind, ExitOperand::kInFrame);
    EXPECT_EQ(slots[1].bits, 77u);
    EXPECT_EQ(slots[1].repr, exits::Repr::kInt64);
    EXPECT_EQ(slots[2].kind, ExitOperand::kNull);
    slot(0, 0);
    EXPECT_TRUE(run().observed.empty());
}

// Rather no locals than ones that were freed.
TEST_P(LowerObjects, ReleasesWithoutAStateShowNothing) {
    compileBody("  Decref v0\n  Return v1\n", "obj", "obj");
    Fake dead;
    dead.at(0) = 1;
    slot(0, dead.address());
    const auto outcome = run();
    ASSERT_EQ(outcome.observed.size(), 1u);
    EXPECT_EQ(outcome.observed[0].instrOffset, -1);
    for (const auto& slot : outcome.observed[0].slots)
        EXPECT_EQ(slot.kind, ExitOperand::kNull);
}

TEST_P(LowerObjects, FrameMemory) {
    compileBody("  StoreFrameSlot v1 $0\n  SetPrevInstr #30\n  Return v0\n", "obj", "obj");
    Fake code;
    hir_->code = reinterpret_cast<const void*>(code.address());
    lowerAgain();
    slot(0, 5);
    slot(1, 6);
    run();
    EXPECT_EQ(slot(0), 6u);
    EXPECT_EQ(frame_.at(56), code.address() + 176 + 30);
    frame_.at(8) = 123;
    compileBody("  v2:obj = FrameGlobals\n  Return v2\n", "obj", "obj");
    EXPECT_EQ(run().value, 123u);
}

TEST_P(LowerObjects, YieldLeavesTheStateInTheFrame) {
    compile(R"(func "f" slots=2 locals=2 stack=3 {
bb0 (entry 8):
  v0:obj = LoadFrameSlot $0
  v1:obj? = LoadFrameSlot $1
  v2:obj = LoadFrameSlot $2
  v3:obj = ConstObject 0x5000
  Yield v2 [fs0]
fs0: resume=10 at=12 slots=[v1 _] stack=[v3 v0]
}
)");
    slot(0, 1000);
    slot(1, 1001);
    slot(2, 1002);
    EXPECT_EQ(run(8).value, 1002u);
    EXPECT_EQ(slot(0), 1001u);
    EXPECT_EQ(slot(1), 0u);
    EXPECT_EQ(slot(2), 0x5000u);
    EXPECT_EQ(slot(3), 1000u);
    EXPECT_EQ(frame_.at(64) & 0xffffffff, 4u);
    EXPECT_EQ(frame_.at(56), 176u + 12u);
    EXPECT_EQ(frame_.at(-8) & 0xff, 0xffu);
    EXPECT_EQ(cframe_.at(8), previous_.address());
    EXPECT_EQ(thread_.at(8), 100u);
    ASSERT_FALSE(lir_->exits.empty());
    EXPECT_EQ(lir_->exits[0].stack.size(), 1u); // the recursion exit knows the entry's stack
}

TEST_P(LowerObjects, Checks) {
    compileBody("  CheckEvalBreaker [fs0]\n  Return v0\n", "obj", "obj");
    slot(0, 0x1230);
    EXPECT_EQ(run().exit, nullptr);
    EXPECT_TRUE(run().observed.empty());
    evalBreaker_ = 1;
    auto outcome = run();
    EXPECT_EQ(outcome.exit, nullptr);
    ASSERT_EQ(outcome.observed.size(), 1u);
    EXPECT_EQ(outcome.observed[0].dead, 0u);
    EXPECT_EQ(outcome.observed[0].slots[0].bits, 0x1230u);
    lir::test::serviceFails = true;
    outcome = run();
    lir::test::serviceFails = false;
    ASSERT_NE(outcome.exit, nullptr);
    EXPECT_EQ(outcome.exit->reason, exits::Reason::kError);
    EXPECT_EQ(outcome.exit->slots[0].bits, 0x1230u);

    compileBody("  CheckTracing [fs0]\n  GuardFrameUnshared [fs0]\n  Return v0\n", "obj", "obj");
    EXPECT_EQ(run().exit, nullptr);
    Fake frameObject;
    frame_.at(40) = frameObject.address();
    EXPECT_EQ(run().exit, nullptr); // the frame's alone
    frameObject.at(24) = 1;         // its trace function dies first
    EXPECT_EQ(run().exit->reason, exits::Reason::kFrameObject);
    frameObject.at(24) = 0;
    frameObject.at(0) = 2;
    EXPECT_EQ(run().exit->reason, exits::Reason::kFrameObject);
    cframe_.at(0) = 255;
    EXPECT_EQ(run().exit->reason, exits::Reason::kTracing);
}

// A finalizer that begins to trace makes its release leave, without a check where nothing dies.
TEST_P(LowerObjects, ReleasesLeaveWhenTracingBegan) {
    Fake first, second;
    const auto prepare = [&] {
        first.at(0) = second.at(0) = 1;
        slot(0, first.address());
        slot(1, second.address());
    };
    const auto compileReleases = [&](const std::string& body) {
        compile("func \"f\" slots=2 locals=2 stack=4 {\nbb0 (entry 0):\n"
                "  v0:obj = LoadFrameSlot $0\n  v1:obj = LoadFrameSlot $1\n"
                "  v2:obj:int = ConstObject 0x5000\n" +
                body + "  Return v2\nfs0: resume=20 at=18 slots=[_ v1] stack=[]\n}\n");
    };
    compileReleases("  Decref v0 [fs0]\n  CheckReleased [fs0]\n");
    EXPECT_THAT(text(), Not(HasSubstr("ExitIfMem8")));
    prepare();
    auto outcome = run();
    EXPECT_EQ(outcome.exit, nullptr);
    ASSERT_EQ(outcome.observed.size(), 1u);
    EXPECT_EQ(outcome.observed[0].dead, first.address());
    EXPECT_EQ(outcome.observed[0].slots[1].bits, second.address());
    lir::test::serviceFails = true;
    prepare();
    outcome = run();
    ASSERT_NE(outcome.exit, nullptr);
    EXPECT_EQ(outcome.exit->reason, exits::Reason::kTracing);
    EXPECT_EQ(outcome.exit->resumeOffset, 20);
    EXPECT_EQ(outcome.exit->slots[1].bits, second.address());
    prepare();
    first.at(0) = 2;
    EXPECT_EQ(run().exit, nullptr);
    lir::test::serviceFails = false;

    // Of two releases the first one does not know the state to leave with.
    compileReleases("  Decref v0 [fs0]\n  Decref v0 [fs0]\n  CheckReleased [fs0]\n");
    EXPECT_THAT(text(), HasSubstr("ExitIfMem8"));
    prepare();
    first.at(0) = 3;
    EXPECT_EQ(run().exit, nullptr);
    cframe_.at(0) = 255;
    prepare();
    first.at(0) = 3;
    EXPECT_EQ(run().exit->reason, exits::Reason::kTracing);

    compileReleases("  CheckReleased [fs0]\n");
    EXPECT_THAT(text(), Not(HasSubstr("ExitIfMem8")));
}

int64_t isTrueForTest(uint64_t) {
    return 1;
}

// __bool__ may begin to trace: looked at where it was called.
TEST_P(LowerObjects, TruthTestsLeaveWhenTracingBegan) {
    Fake object;
    compile(R"(func "f" slots=1 locals=1 stack=1 {
bb0 (entry 0):
  v0:obj = LoadFrameSlot $0
  v2:bool = CallRuntime IsTrue v0 [fs0]
  CheckTracing [fs1]
  v3:obj:bool = BoxBool v2
  Return v3
fs0: resume=10 at=12 slots=[v0] stack=[]
fs1: resume=10 at=12 slots=[v0] stack=[v2]
}
)");
    runtime::setAddress(Helper::kIsTrue, reinterpret_cast<uint64_t>(&isTrueForTest));
    lowerAgain();
    cframe_.at(0) = 255;
    slot(0, true_.address());
    EXPECT_EQ(run().exit, nullptr);
    slot(0, object.address());
    const auto outcome = run();
    ASSERT_NE(outcome.exit, nullptr);
    EXPECT_EQ(outcome.exit->reason, exits::Reason::kTracing);
    EXPECT_EQ(outcome.exit->stack[0].bits & 0xff, 1u);
    cframe_.at(0) = 0;
    EXPECT_EQ(run().exit, nullptr);
}

// What is tested dies before the check; True and False need neither.
TEST_P(LowerObjects, TruthTestsReleaseBeforeTheyLeave) {
    Fake object;
    const auto compileTest = [&](const std::string& body) {
        compile("func \"f\" slots=1 locals=1 stack=1 {\nbb0 (entry 0):\n"
                "  v0:obj = LoadFrameSlot $0\n"
                "  v2:bool = CallRuntime IsTrue v0 [fs0]\n" +
                body +
                "  v3:obj:bool = BoxBool v2\n  Return v3\n"
                "fs0: resume=10 at=12 slots=[_] stack=[v0]\n"
                "fs1: resume=14 at=12 slots=[_] stack=[]\n"
                "fs2: resume=10 at=12 slots=[_] stack=[v2]\n}\n");
        runtime::setAddress(Helper::kIsTrue, reinterpret_cast<uint64_t>(&isTrueForTest));
        lowerAgain();
    };
    const auto runWith = [&](Fake& tested, int64_t references) {
        tested.at(0) = static_cast<uint64_t>(references);
        slot(0, tested.address());
        return run();
    };
    compileTest("  Decref v0 [fs1]\n  CheckTracing [fs2]\n");
    cframe_.at(0) = 255;
    EXPECT_EQ(runWith(true_, 5).exit, nullptr);
    EXPECT_EQ(true_.references(), 4);
    EXPECT_EQ(runWith(false_, 5).exit, nullptr);
    EXPECT_EQ(false_.references(), 4);
    auto outcome = runWith(object, 1);
    ASSERT_NE(outcome.exit, nullptr);
    EXPECT_EQ(outcome.exit->reason, exits::Reason::kTracing);
    EXPECT_EQ(outcome.exit->stack[0].bits & 0xff, 1u);
    EXPECT_TRUE(outcome.exit->releases.empty());
    ASSERT_EQ(outcome.observed.size(), 1u);
    EXPECT_EQ(outcome.observed[0].dead, object.address());
    cframe_.at(0) = 0;
    EXPECT_EQ(runWith(object, 2).exit, nullptr);
    EXPECT_EQ(object.references(), 1);

    // Of several releases the check is one of its own, for whatever was tested.
    compileTest("  Decref v0 [fs1]\n  Decref v0 [fs1]\n  CheckTracing [fs2]\n");
    EXPECT_EQ(runWith(true_, 5).exit, nullptr);
    EXPECT_EQ(true_.references(), 3);
    cframe_.at(0) = 255;
    EXPECT_EQ(runWith(true_, 5).exit->reason, exits::Reason::kTracing);
}

TEST_P(LowerObjects, References) {
    Fake object;
    compileBody("  Incref v0\n  Incref v0\n  Incref v1\n  Decref v0\n  Decref v1\n  Return v0\n",
                "obj", "obj?");
    slot(0, object.address());
    slot(1, 0);
    run();
    EXPECT_EQ(object.references(), 2);
}

// --- control flow

constexpr const char* kSum = R"(func "sum" slots=1 locals=1 stack=1 {
bb0 (entry 0):
  v0:i64 = LoadFrameSlot $0
  v1:i64 = ConstInt #0
  Jump bb1
bb1 <- bb0 bb2 (loop):
  v2:i64 = Phi v1 v6
  v3:i64 = Phi v1 v7
  v4:bool = IntCompare v3 v0 lt
  Branch v4 bb2 bb3
bb2 <- bb1:
  v5:i64 = ConstInt #1
  v6:i64 = IntAdd v2 v3 [fs0]
  v7:i64 = IntAdd v3 v5 [fs0]
  Jump bb1
bb3 <- bb1:
  v8:obj:int = BoxInt v2 [fs0]
  Return v8
fs0: resume=4 at=4 slots=[v0] stack=[]
}
)";

TEST_P(LowerObjects, Loops) {
    compile(kSum);
    slot(0, 10);
    run();
    EXPECT_EQ(calls.newInt, 45);
    EXPECT_THAT(text(), HasSubstr("depth 1"));
    int inLoop = 0;
    for (const auto& block : lir_->blocks)
        inLoop += block->loopDepth == 1;
    EXPECT_EQ(inLoop, 2);
}

// The blocks behind the loop come after it, although the branch names them first; blocks that a
// pass added at the end of the function do not count as loops.
TEST_P(LowerObjects, LoopsStayTogether) {
    compile(R"(func "sum" slots=1 locals=1 stack=1 {
bb0 (entry 0):
  v0:i64 = LoadFrameSlot $0
  v1:i64 = ConstInt #0
  Jump bb1
bb1 <- bb0 bb5 (loop):
  v2:i64 = Phi v1 v7
  v4:bool = IntCompare v2 v0 ge
  Branch v4 bb3 bb2
bb2 <- bb1:
  v5:i64 = ConstInt #1
  v7:i64 = IntAdd v2 v5 [fs0]
  v9:bool = IntCompare v7 v5 lt
  Branch v9 bb4 bb5
bb5 <- bb2 bb4:
  Jump bb1
bb3 <- bb1:
  v8:obj:int = BoxInt v2 [fs0]
  Return v8
bb4 <- bb2 (cold):
  SetPrevInstr #4
  Jump bb5
fs0: resume=4 at=4 slots=[v0] stack=[]
}
)");
    slot(0, 10);
    run();
    EXPECT_EQ(calls.newInt, 10);
    std::vector<int> depths;
    for (const auto& block : lir_->blocks)
        depths.push_back(block->loopDepth);
    EXPECT_THAT(depths, ::testing::ElementsAre(0, 1, 1, 1, 1, 0, 1)) << text();
    EXPECT_TRUE(lir_->blocks.back()->cold);
}

TEST_P(LowerObjects, CriticalEdgesAndEdgesToTheSameBlock) {
    compile(R"(func "f" slots=1 locals=1 stack=1 {
bb0 (entry 0):
  v0:i64 = LoadFrameSlot $0
  v1:i64 = ConstInt #10
  v2:i64 = ConstInt #20
  v3:bool = IntCompare v0 v1 lt
  Branch v3 bb1 bb1
bb1 <- bb0 bb0:
  v4:i64 = Phi v1 v1
  v5:bool = IntCompare v0 v2 lt
  Branch v5 bb2 bb3
bb2 <- bb1:
  v6:i64 = IntAdd v4 v4 [fs0]
  Jump bb3
bb3 <- bb1 bb2:
  v7:i64 = Phi v4 v6
  v8:obj:int = BoxInt v7 [fs0]
  Return v8
fs0: resume=4 at=4 slots=[v0] stack=[]
}
)");
    for (const auto& [in, out] : std::map<int64_t, int64_t>{{5, 20}, {15, 20}, {25, 10}}) {
        slot(0, static_cast<uint64_t>(in));
        run();
        EXPECT_EQ(calls.newInt, out);
    }
}

TEST_P(LowerObjects, ColdBlocks) {
    compile(R"(func "f" slots=1 locals=1 stack=1 {
bb0 (entry 0):
  v0:obj? = LoadFrameSlot $0
  BranchNull v0 bb1 bb2
bb1 <- bb0:
  Jump bb3
bb2 <- bb0:
  v1:obj = Refine v0
  Return v1
bb3 <- bb1:
  Deopt [fs0]
fs0: resume=4 at=4 slots=[v0] stack=[]
}
)");
    int cold = 0;
    for (const auto& block : lir_->blocks)
        cold += block->cold;
    EXPECT_EQ(cold, 2);
    slot(0, 0);
    EXPECT_NE(run().exit, nullptr);
    slot(0, box.address());
    EXPECT_EQ(run().value, box.address());
}

} // namespace
} // namespace pyston::lower
