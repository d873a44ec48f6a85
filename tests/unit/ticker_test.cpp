// A thread that has something looked after every few milliseconds: Ticker.
#include "support/ticker.h"

#include <gtest/gtest.h>

#include <atomic>
#include <chrono>
#include <cstdlib>
#include <deque>
#include <sys/wait.h>
#include <thread>
#include <unistd.h>

namespace pyston::support {
namespace {

constexpr auto kPeriod = std::chrono::milliseconds(Ticker::kMilliseconds);
constexpr auto kRarePeriod = std::chrono::milliseconds(Ticker::kRareMilliseconds);
// What is to come has come after two, where the machine has time for its thread.
constexpr int kLong = 20;
constexpr int kAtLast = 2'000;

std::atomic<int> ticks{0};
std::atomic<bool> slowTickEnded{false};

void note() {
    ++ticks;
}

void waitFor(int periods) {
    std::this_thread::sleep_for(periods * kPeriod);
}

void noteSlowly() {
    ++ticks;
    waitFor(kLong);
    slowTickEnded = true;
}

bool waitForTick(int wanted) {
    for (int i = 0; i < kAtLast && ticks < wanted; ++i)
        waitFor(1);
    return ticks == wanted;
}

using Clock = std::chrono::steady_clock;

class TickerTest : public testing::Test {
  protected:
    TickerTest() { ticks = 0; }

    // Its thread may go on after the test.
    static Ticker& makeTicker(Ticker::Tick tick = note) {
        static auto& all = *new std::deque<Ticker>;
        return all.emplace_back(tick);
    }
};

TEST_F(TickerTest, WaitsUntilItWasServed) {
    Ticker& ticker = makeTicker();
    ASSERT_TRUE(ticker.want());
    EXPECT_TRUE(waitForTick(1));
    waitFor(kLong);
    EXPECT_EQ(ticks, 1);
    ticker.serve(true);
    EXPECT_TRUE(waitForTick(2));
}

TEST_F(TickerTest, TakesItsTime) {
    Ticker& ticker = makeTicker();
    const auto begin = Clock::now();
    ASSERT_TRUE(ticker.want());
    ASSERT_TRUE(waitForTick(1));
    EXPECT_GE(Clock::now() - begin, kPeriod);
}

TEST_F(TickerTest, IsRareWhereItIsForNothing) {
    Ticker& ticker = makeTicker();
    ASSERT_TRUE(ticker.want());
    for (int i = 1; i <= Ticker::kTicksUntilRare; ++i) {
        ASSERT_TRUE(waitForTick(i));
        ticker.serve(false);
    }
    // (It may have begun to wait.)
    ASSERT_TRUE(waitForTick(Ticker::kTicksUntilRare + 1));
    const auto begin = Clock::now();
    ticker.serve(false);
    ASSERT_TRUE(waitForTick(Ticker::kTicksUntilRare + 2));
    EXPECT_GE(Clock::now() - begin, kRarePeriod / 2);
}

TEST_F(TickerTest, IsSilenced) {
    Ticker& ticker = makeTicker();
    ASSERT_TRUE(ticker.want());
    ticker.silence();
    const int before = ticks;
    waitFor(kLong);
    ticker.serve(true);
    waitFor(kLong);
    EXPECT_EQ(ticks, before);
}

TEST_F(TickerTest, IsSilencedAfterTheTickThatIsUnderway) {
    Ticker& ticker = makeTicker(noteSlowly);
    slowTickEnded = false;
    ASSERT_TRUE(ticker.want());
    ASSERT_TRUE(waitForTick(1));
    ticker.silence();
    EXPECT_TRUE(slowTickEnded);
}

// Did `inChild` say yes?
bool forkAround(Ticker& ticker, auto inChild) {
    ticker.beforeFork();
    const pid_t child = fork();
    if (child == 0) {
        ticker.afterForkInChild();
        _exit(inChild() ? EXIT_SUCCESS : EXIT_FAILURE);
    }
    ticker.afterForkInParent();
    int status = 0;
    return waitpid(child, &status, 0) == child && WIFEXITED(status) &&
           WEXITSTATUS(status) == EXIT_SUCCESS;
}

TEST_F(TickerTest, TicksInParentAndChildAfterAFork) {
    Ticker& ticker = makeTicker();
    ASSERT_TRUE(ticker.want());
    ASSERT_TRUE(waitForTick(1));
    EXPECT_TRUE(forkAround(ticker, [&] { return ticker.want() && waitForTick(2); }));
    ticker.serve(true);
    EXPECT_TRUE(waitForTick(2));
}

// The child's copy of a tick that was underway would never end.
TEST_F(TickerTest, ForksAfterTheTickThatIsUnderway) {
    Ticker& ticker = makeTicker(noteSlowly);
    slowTickEnded = false;
    ASSERT_TRUE(ticker.want());
    ASSERT_TRUE(waitForTick(1));
    EXPECT_TRUE(forkAround(ticker, [&] {
        alarm(10); // seconds
        ticker.silence();
        return slowTickEnded.load();
    }));
}

// Its thread ends where nobody has served it for long, and comes back when somebody does.
TEST_F(TickerTest, TicksAgainAfterALongTime) {
    Ticker& ticker = makeTicker();
    ASSERT_TRUE(ticker.want());
    ASSERT_TRUE(waitForTick(1));
    waitFor(300);
    ticker.serve(true);
    EXPECT_TRUE(waitForTick(2));
}

} // namespace
} // namespace pyston::support
