// Lowering of Send and IterNext over generators.
#include "lower_fixture.h"

namespace pyston::lower {
namespace {

constexpr uint64_t kNoneAddress = 0x7654;
constexpr uint64_t kEntry = 0x77;
constexpr int kState = 88; // of the fake generator: its frame is at 96
constexpr int kSuspended = 0xff;

// What resuming the fake generator does.
struct {
    bool possible = true;
    uint64_t result = 0;
    uint8_t state = kSuspended;
    std::vector<uint64_t> prepared, entered;
} generatorFake;

uint64_t enter(uint64_t thread, uint64_t frame, uint64_t entry) {
    generatorFake.entered = {thread, frame, entry};
    *reinterpret_cast<uint8_t*>(frame - 8) = generatorFake.state;
    return generatorFake.result;
}

const runtime::NativeEntry* prepare(uint64_t thread, uint64_t generator, uint64_t value) {
    static const runtime::NativeEntry entry{reinterpret_cast<const void*>(&enter),
                                            reinterpret_cast<const void*>(kEntry)};
    generatorFake.prepared = {thread, generator, value};
    return generatorFake.possible ? &entry : nullptr;
}

uint64_t sendValue(uint64_t, uint64_t, uint64_t) {
    return 0;
}

class LowerGenerators : public LowerTest {
  protected:
    LowerGenerators() {
        generatorFake = {};
        generatorFake.result = box.address();
        context_.none = kNoneAddress;
        context_.generator = generatorType.address();
        context_.coroutine = coroutineType.address();
        runtime::setAddress(Helper::kPrepareResume, reinterpret_cast<uint64_t>(&prepare));
        runtime::setAddress(Helper::kFinishSend, reinterpret_cast<uint64_t>(&threeArgs));
        runtime::setAddress(Helper::kFinishNext, reinterpret_cast<uint64_t>(&threeArgs));
        runtime::setAddress(Helper::kSendValue, reinterpret_cast<uint64_t>(&sendValue));
        runtime::setAddress(Helper::kIterNext, reinterpret_cast<uint64_t>(&sendValue));
        generator.at(8) = generatorType.address();
        generator.at(56) = previousExcInfo.address();
        generator.at(96 + 48) = frame_.address();
        slot(0, generator.address());
        slot(1, value.address());
    }
    void compileSend() {
        compileBody(
            "  v2:obj? = Send v0 v1 [fs0]\n  BranchNull v2 bb1 bb2\nbb1 <- bb0:\n  v3:i64 = "
            "ConstInt #-1\n  v4:obj:int = BoxInt v3 [fs0]\n  Return v4\nbb2 <- bb0:\n  "
            "v5:obj = Refine v2\n  Return v5\n",
            "obj", "obj");
    }

    Fake generatorType, coroutineType, otherType, generator, value, previousExcInfo;
};
INSTANTIATE_TEST_SUITE_P(Both, LowerGenerators, ::testing::Bool(),
                         [](const auto& info) { return info.param ? "Native" : "Evaluated"; });

TEST_P(LowerGenerators, SendResumesDirectly) {
    compileSend();
    for (Fake* type : {&generatorType, &coroutineType}) {
        generator.at(8) = type->address();
        EXPECT_EQ(run().value, box.address());
        EXPECT_THAT(
            generatorFake.prepared,
            ::testing::ElementsAre(thread_.address(), generator.address(), value.address()));
        EXPECT_THAT(generatorFake.entered,
                    ::testing::ElementsAre(thread_.address(), generator.address() + 96, kEntry));
        EXPECT_TRUE(calls.args.empty()); // nothing to finish
        EXPECT_EQ(generator.at(96 + 48), 0u);
        EXPECT_EQ(thread_.at(24), type == &generatorType ? previousExcInfo.address() : 0u);
        EXPECT_EQ(generator.at(56), 0u);
    }
}

TEST_P(LowerGenerators, FinishesWhatIsNotSuspended) {
    compileSend();
    generatorFake.state = 0;
    calls.result = 0; // it has returned
    run();
    EXPECT_EQ(calls.newInt, -1);
    EXPECT_THAT(calls.args,
                ::testing::ElementsAre(thread_.address(), generator.address(), box.address()));
    generatorFake.result = 0; // raised
    calls.result = runtime::kErrorSentinel;
    const auto outcome = run();
    ASSERT_NE(outcome.exit, nullptr);
    EXPECT_EQ(outcome.exit->reason, exits::Reason::kError);
    EXPECT_THAT(calls.args, ::testing::ElementsAre(thread_.address(), generator.address(), 0));
}

TEST_P(LowerGenerators, OthersAreSentToByTheHelper) {
    compileSend();
    generatorFake.possible = false;
    run();
    EXPECT_EQ(calls.newInt, -1);
    generatorFake.prepared.clear();
    calls.newInt = 0;
    generator.at(8) = otherType.address();
    run();
    EXPECT_EQ(calls.newInt, -1);
    EXPECT_TRUE(generatorFake.prepared.empty());
}

TEST_P(LowerGenerators, LoopsResumeGenerators) {
    compileBody(
        "  v2:obj? = IterNext v0 #0 [fs0]\n  BranchNull v2 bb1 bb2\nbb1 <- bb0:\n  v3:i64 = "
        "ConstInt #-1\n  v4:obj:int = BoxInt v3 [fs0]\n  Return v4\nbb2 <- bb0:\n  "
        "v5:obj = Refine v2\n  Return v5\n",
        "obj", "obj");
    EXPECT_EQ(run().value, box.address());
    EXPECT_THAT(generatorFake.prepared,
                ::testing::ElementsAre(thread_.address(), generator.address(), kNoneAddress));
    generatorFake.state = 0;
    calls.result = 0;
    run();
    EXPECT_EQ(calls.newInt, -1);
    EXPECT_THAT(calls.args,
                ::testing::ElementsAre(thread_.address(), generator.address(), box.address()));
}

} // namespace
} // namespace pyston::lower
