// Samples of calls, and what the calls in them weigh.
#include "runtime/call_sample.h"

#include <chrono>
#include <gtest/gtest.h>
#include <thread>

namespace pyston::runtime {
namespace {

class CallSample : public testing::Test {
  protected:
    void SetUp() override { endCallSample(); }
    void TearDown() override { endCallSample(); }

    // The calls of the sample that is underway.
    static int callsInSample() {
        int calls = 0;
        while (isInCallSample())
            ++calls;
        return calls;
    }
};

TEST_F(CallSample, EndsByItself) {
    beginCallSample(0);
    EXPECT_EQ(callWeight, 1u);
    EXPECT_EQ(callsInSample(), 300);
    EXPECT_FALSE(isInCallSample());
}

TEST_F(CallSample, WeighsMoreTheLongerTheTimeItStandsFor) {
    beginCallSample(1'000'000);
    callsInSample(); // now it is known that calls take next to no time
    EXPECT_EQ(callWeight, 1u);
    beginCallSample(20'000'000);
    const uint32_t weight = callWeight;
    EXPECT_GT(weight, 1u);
    endCallSample();
    beginCallSample(200'000'000);
    EXPECT_GE(callWeight, weight);
    EXPECT_LE(callWeight, 512u);
}

TEST_F(CallSample, IsEndedForWantOfCallsOnlyWhereItStandsForATime) {
    beginCallSample(0);
    endLongCallSample();
    EXPECT_FALSE(isInCallSample());
    while (!beginsCallSample()) {
    }
    endLongCallSample();
    EXPECT_TRUE(isInCallSample());
}

TEST_F(CallSample, BeginsWhenTheLastOneIsPaidFor) {
    beginCallSample(0);
    std::this_thread::sleep_for(std::chrono::milliseconds(5));
    callsInSample();
    EXPECT_FALSE(mayBeginCallSample(false));
    EXPECT_FALSE(mayBeginCallSample(true));
    std::this_thread::sleep_for(std::chrono::milliseconds(900)); // 5 * 4 seconds * 8, 5 * 4 * 32
    EXPECT_TRUE(mayBeginCallSample(true));
    beginCallSample(0);
    endLongCallSample(); // it took nothing from the program
    EXPECT_TRUE(mayBeginCallSample(false));
}

TEST_F(CallSample, LookEndsWhenTheLoopsWereSeen) {
    beginLook();
    EXPECT_TRUE(isInCallSample());
    EXPECT_EQ(callWeight, 1u);
    endLook();
    EXPECT_FALSE(isInCallSample());
    beginCallSample(0);
    endLook(); // which is no look
    EXPECT_EQ(callsInSample(), 300);
}

TEST_F(CallSample, OneOfSomeCallsBeginsOne) {
    int begun = 0;
    for (int i = 0; i < 1'600; ++i) {
        if (!beginsCallSample())
            continue;
        ++begun;
        EXPECT_EQ(callWeight, 16u);
        endCallSample();
    }
    EXPECT_GT(begun, 70);
    EXPECT_LT(begun, 140);
}

} // namespace
} // namespace pyston::runtime
