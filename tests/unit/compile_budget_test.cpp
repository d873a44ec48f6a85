// How much is compiled, and when: CompileBudget, CompileBatch and RunWindow.
#include "runtime/code_data.h"
#include "runtime/compile_batch.h"
#include "runtime/compile_budget.h"
#include "runtime/hotness.h"

#include <gtest/gtest.h>

#include <array>
#include <vector>

namespace pyston::runtime {
namespace {

constexpr uint64_t kSecond = 1'000'000;
constexpr uint64_t kPercent = 8;

TEST(CompileBudget, GivesAFewMillisecondsAtOnce) {
    CompileBudget budget;
    EXPECT_TRUE(budget.allows(3'000, 0, kPercent));
    EXPECT_FALSE(budget.allows(10'000, 0, kPercent));
    budget.spend(100, 3'000);
    EXPECT_FALSE(budget.allows(3'000, 0, kPercent));
}

TEST(CompileBudget, GrowsFasterThanTimeDuringTheFirstSecond) {
    CompileBudget budget;
    EXPECT_FALSE(budget.allows(5'000, kSecond / 4, kPercent));
    EXPECT_TRUE(budget.allows(10'000, kSecond / 2, kPercent));
    EXPECT_FALSE(budget.allows(10'001, kSecond / 2, kPercent));
    EXPECT_TRUE(budget.allows(80'000, kSecond, kPercent));
    EXPECT_FALSE(budget.allows(80'001, kSecond, kPercent));
}

TEST(CompileBudget, GivesHalfTheShareAfterTheFirstSecond) {
    CompileBudget budget;
    EXPECT_TRUE(budget.allows(120'000, 2 * kSecond, kPercent));
    EXPECT_FALSE(budget.allows(120'001, 2 * kSecond, kPercent));
}

TEST(CompileBudget, HasNoLimitAtAHundredPercent) {
    CompileBudget budget;
    budget.spend(100, kSecond);
    EXPECT_TRUE(budget.allows(kSecond, 0, 100));
}

TEST(CompileBudget, PredictsByWhatOtherCodeTook) {
    CompileBudget budget;
    const uint64_t before = budget.predict(1'000);
    EXPECT_EQ(budget.predict(2'000), 2 * before);
    budget.spend(100'000, 200'000);
    EXPECT_NEAR(static_cast<double>(budget.predict(1'000)), 2'000, 100);
}

class CompileBatchTest : public testing::Test {
  protected:
    std::vector<CodeData*> woken;
    CompileBatch batch{[this](CodeData* data) { woken.push_back(data); }};
    std::array<CodeData, 16> codes;
};

TEST_F(CompileBatchTest, LetsTheFirstWaitForOthersAndThenWakesThem) {
    size_t n = 0;
    while (!batch.admits(&codes[n], 0)) {
        ++n;
        ASSERT_LT(n, codes.size());
    }
    ASSERT_GT(n, 0u);
    batch.forget(&codes[n]); // is compiled
    batch.noticeCompilation(0);
    EXPECT_EQ(woken.size(), n);
    for (size_t i = 0; i < n; ++i)
        EXPECT_TRUE(batch.admits(&codes[i], 100));
}

TEST_F(CompileBatchTest, LetsOneThatIsAloneWaitForAWhileOnly) {
    int asked = 1;
    while (!batch.admits(&codes[0], 0))
        ASSERT_LT(++asked, 100);
    EXPECT_GT(asked, 1);
}

TEST_F(CompileBatchTest, WaitsAgainLongAfterACompilation) {
    batch.noticeCompilation(0);
    EXPECT_TRUE(batch.admits(&codes[0], 10));
    EXPECT_FALSE(batch.admits(&codes[0], kSecond));
}

TEST_F(CompileBatchTest, ForgetsCodeThatDies) {
    EXPECT_FALSE(batch.admits(&codes[0], 0));
    batch.forget(&codes[0]);
    batch.noticeCompilation(0);
    EXPECT_TRUE(woken.empty());
}

TEST(RunWindow, ComparesWhatRanWithTheTimeItTook) {
    EXPECT_TRUE(RunWindow().isDense(1'500, 40, 200'000, 0));
    EXPECT_FALSE(RunWindow().isDense(1'500, 40, 201'000, 0));
}

TEST(RunWindow, CountsLargeCodeAsMore) {
    EXPECT_FALSE(RunWindow().isDense(1'500, 40, 300'000, 0));
    EXPECT_TRUE(RunWindow().isDense(1'500, 200, 300'000, 0));
    EXPECT_EQ(RunWindow().isDense(1'500, 100'000, 1'000'000, 0),
              RunWindow().isDense(1'500, 1'000, 1'000'000, 0));
}

TEST(RunWindow, AsksForMoreOfWhatTakesLongToCompileInAYoungProgram) {
    EXPECT_TRUE(RunWindow().isDense(15'000, 40, 300'000, 400)); // 2'000 a millisecond
    EXPECT_FALSE(RunWindow().isDense(15'000, 40, 300'000, 404));
    EXPECT_TRUE(RunWindow().isDense(15'000, 40, 100'000, 400));
    EXPECT_FALSE(RunWindow().isDense(15'000, 40, 100'000, 404));
}

TEST(RunWindow, TellsNothingFromAShortTime) {
    EXPECT_FALSE(RunWindow().isDense(50, 100, 1'000, 0));
    EXPECT_TRUE(RunWindow().isDense(60, 100, 1'000, 0));
}

TEST(RunWindow, ForgetsWhatWasLongAgo) {
    RunWindow window;
    uint32_t calls = 0;
    EXPECT_FALSE(window.isDense(calls, 40, 1'000'000, 0)); // is now from 500 ms on
    EXPECT_FALSE(window.isDense(calls, 40, 1'000'000, 0)); // from 750 ms on
    EXPECT_FALSE(window.isDense(calls, 40, 1'000'000, 0)); // from 875 ms on
    EXPECT_FALSE(window.isDense(calls += 750, 40, 1'010'000, 0));
    EXPECT_FALSE(window.isDense(calls += 5, 40, 1'060'000, 0)); // the half of the calls stays
    EXPECT_TRUE(window.isDense(calls += 750, 40, 1'070'000, 0));
}

} // namespace
} // namespace pyston::runtime
