// How often a loop runs, from a few of its iterations: LoopSample.
#include "runtime/loop_sample.h"

#include <gtest/gtest.h>

namespace pyston::runtime {
namespace {

constexpr uint64_t kMillisecond = 1'000'000;

// What the edges of a sample stand for together, when each comes so many nanoseconds later.
uint64_t countAll(uint64_t interval, uint64_t each) {
    LoopSample sample;
    sample.begin(interval);
    uint64_t total = 0;
    for (uint64_t now = 1'000; sample.isUnderway(); now += each)
        total += sample.countEdge(now);
    return total;
}

TEST(LoopSampleTest, StandsForTheTimeWithoutALook) {
    EXPECT_NEAR(static_cast<double>(countAll(5 * kMillisecond, 50)), 100'000, 100);
    EXPECT_NEAR(static_cast<double>(countAll(20 * kMillisecond, 2'000)), 10'000, 100);
}

TEST(LoopSampleTest, StandsAtLeastForTheEdgesSeen) {
    EXPECT_EQ(countAll(kMillisecond, 10 * kMillisecond), LoopSample::kIterations + 1);
}

TEST(LoopSampleTest, ClockThatStandsStill) {
    EXPECT_EQ(countAll(kMillisecond, 0), kMillisecond + LoopSample::kIterations);
    EXPECT_EQ(countAll(UINT64_MAX, 0), uint64_t{UINT32_MAX} + LoopSample::kIterations);
}

TEST(LoopSampleTest, BeginsAnew) {
    LoopSample sample;
    EXPECT_FALSE(sample.isUnderway());
    sample.begin(kMillisecond);
    EXPECT_EQ(sample.countEdge(100), 1U);
    sample.end();
    EXPECT_FALSE(sample.isUnderway());
    sample.begin(kMillisecond);
    for (uint32_t i = 0; i < LoopSample::kIterations; ++i)
        EXPECT_EQ(sample.countEdge(1'000 + i), 1U);
    EXPECT_TRUE(sample.isUnderway());
    sample.countEdge(2'000);
    EXPECT_FALSE(sample.isUnderway());
}

} // namespace
} // namespace pyston::runtime
