// Direct calls whose frame compiled code makes itself.
#include "lower_fixture.h"

namespace pyston::lower {
namespace {

constexpr uint64_t kEntry = 0x77;
constexpr int kSlots = 3; // the first two are arguments
constexpr int kFrameWords = 9 + kSlots + 2;

thread_local uint64_t stackLimit = 0;

struct {
    std::vector<uint64_t> arguments;
    std::vector<uint64_t> frame; // as the callee found it
    uint64_t top = 0;            // of the data stack
    uint64_t current = 0;        // frame
    uint64_t result = 0;
    uint32_t stackTop = 0; // left in the frame
    int32_t levels = 0;    // of recursion, as the callee found them
} callee;

struct World {
    uint64_t thread, cframe;
} world;

uint64_t enter(uint64_t thread, uint64_t frame, uint64_t entry) {
    callee.arguments = {thread, frame, entry};
    auto* words = reinterpret_cast<uint64_t*>(frame);
    callee.frame.assign(words, words + 9 + kSlots);
    callee.top = *reinterpret_cast<uint64_t*>(thread + 32);
    callee.current = *reinterpret_cast<uint64_t*>(world.cframe + 8);
    callee.levels = *reinterpret_cast<int32_t*>(thread + 8);
    *reinterpret_cast<uint32_t*>(frame + 64) = callee.stackTop;
    return callee.result;
}

uint64_t clearFrame(uint64_t thread, uint64_t frame) {
    calls.args = {thread, frame};
    return 0;
}

class LowerCalls : public LowerTest {
  protected:
    LowerCalls() {
        callee = {};
        callee.result = box.address();
        stackLimit = 0;
        layout_.stackLimit =
            static_cast<int>(reinterpret_cast<intptr_t>(&stackLimit) -
                             reinterpret_cast<intptr_t>(__builtin_thread_pointer()));
        world = {thread_.address(), cframe_.address()};
        data.code = reinterpret_cast<Object*>(code.address());
        data.nativeFunction = reinterpret_cast<const void*>(&enter);
        data.nativeEntry = reinterpret_cast<const void*>(kEntry);
        data.frame = {kFrameWords, kSlots};
        function.at(48) = code.address();
        function.at(56) = 0x1111; // globals
        function.at(64) = 0x2222; // builtins
        dataStack.fill(~uint64_t{0});
        thread_.at(32) = top();
        thread_.at(40) = top() + 8 * kFrameWords + 1;
        runtime::setAddress(Helper::kCallDirect, reinterpret_cast<uint64_t>(&callWithArray));
        runtime::setAddress(Helper::kClearFrame, reinterpret_cast<uint64_t>(&clearFrame));
        slot(0, function.address());
        slot(1, argument.address());
        compileBody("  v2:obj = CallDirect v0 v1 v1 " + hex(&data) + " [fs0]\n  Return v2\n", "obj",
                    "obj");
    }
    uint64_t top() const { return reinterpret_cast<uint64_t>(dataStack.data()); }
    // Did the call go through the helper?
    bool isLeftToHelper() {
        callee.arguments.clear();
        calls.array.clear();
        EXPECT_EQ(run().value, box.address());
        EXPECT_EQ(callee.arguments.empty(), !calls.array.empty());
        return callee.arguments.empty();
    }

    runtime::CodeData data;
    Fake function, code, argument;
    std::array<uint64_t, 64> dataStack{};
};
INSTANTIATE_TEST_SUITE_P(Both, LowerCalls, ::testing::Bool(),
                         [](const auto& info) { return info.param ? "Native" : "Evaluated"; });

TEST_P(LowerCalls, MakesAndClearsTheFrame) {
    EXPECT_EQ(run().value, box.address());
    EXPECT_THAT(callee.arguments, ::testing::ElementsAre(thread_.address(), top(), kEntry));
    const uint64_t stackTop = callee.frame[8] & 0xffffffff;
    callee.frame[8] &= 0xffff00000000;
    EXPECT_THAT(callee.frame, ::testing::ElementsAre(function.address(), 0x1111, 0x2222, 0,
                                                     code.address(), 0, frame_.address(),
                                                     code.address() + 176 - 2, uint64_t{1} << 32,
                                                     argument.address(), argument.address(), 0));
    EXPECT_EQ(static_cast<int32_t>(stackTop), -2);
    EXPECT_EQ(callee.top, top() + 8 * kFrameWords);
    EXPECT_EQ(callee.current, top());
    EXPECT_EQ(thread_.at(32), top());
    EXPECT_EQ(function.references(), 1);
    EXPECT_EQ(code.references(), 1);
    EXPECT_TRUE(calls.args.empty());
}

// A class's call counts a level, around that of its __init__.
TEST_P(LowerCalls, MayCountALevelMore) {
    run();
    const int32_t plain = callee.levels;
    const uint64_t before = thread_.at(1);
    compileBody("  v2:obj = CallDirect v0 v1 v1 " + hex(&data) + " #1 [fs0]\n  Return v2\n", "obj",
                "obj");
    EXPECT_EQ(run().value, box.address());
    EXPECT_EQ(callee.levels, plain - 1);
    EXPECT_EQ(thread_.at(1), before);
}

TEST_P(LowerCalls, AFrameThatHoldsMoreIsClearedByTheHelper) {
    callee.stackTop = kSlots;
    EXPECT_EQ(run().value, box.address());
    EXPECT_THAT(calls.args, ::testing::ElementsAre(thread_.address(), top()));
}

TEST_P(LowerCalls, ErrorsLeave) {
    callee.result = 0;
    const auto outcome = run();
    ASSERT_NE(outcome.exit, nullptr);
    EXPECT_EQ(outcome.exit->reason, exits::Reason::kError);
    EXPECT_EQ(thread_.at(32), top());
}

TEST_P(LowerCalls, LeavesToTheHelper) {
    EXPECT_FALSE(isLeftToHelper());
    stackLimit = ~uint64_t{0};
    EXPECT_TRUE(isLeftToHelper());
    stackLimit = 0;
    cframe_.at(0) = 1; // tracing
    EXPECT_TRUE(isLeftToHelper());
    cframe_.at(0) = 0;
    thread_.at(40) -= 1; // one byte too few
    EXPECT_TRUE(isLeftToHelper());
    thread_.at(40) += 1;
    data.nativeFunction = nullptr;
    EXPECT_TRUE(isLeftToHelper());
    data.nativeFunction = reinterpret_cast<const void*>(&enter);
    function.at(48) = argument.address(); // other code
    EXPECT_TRUE(isLeftToHelper());
    function.at(48) = code.address();
    EXPECT_FALSE(isLeftToHelper());
}

} // namespace
} // namespace pyston::lower
