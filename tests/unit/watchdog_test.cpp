// A thread that notices what takes long: Watchdog.
#include "support/watchdog.h"

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

constexpr auto kPatience = std::chrono::milliseconds(Watchdog::kPatienceMilliseconds);
// What is watched has been barked at after two, where the machine has time for its thread.
constexpr int kLong = 20;
constexpr int kAtLast = 2'000;

std::atomic<int> barks{0};
std::atomic<uint32_t> barkedAt{0};

void note(uint32_t serial) {
    barkedAt = serial;
    ++barks;
}

void waitFor(int periods) {
    std::this_thread::sleep_for(periods * kPatience);
}

void noteSlowly(uint32_t serial) {
    ++barks;
    waitFor(kLong);
    barkedAt = serial;
}

bool waitForBark(int wanted) {
    for (int i = 0; i < kAtLast && barks < wanted; ++i)
        waitFor(1);
    return barks == wanted;
}

using Clock = std::chrono::steady_clock;

// How many barks are right at something that began then and ends now.
int barksSince(Clock::time_point begin) {
    return Clock::now() - begin >= kPatience ? 1 : 0;
}

class WatchdogTest : public testing::Test {
  protected:
    WatchdogTest() {
        barks = 0;
        barkedAt = 0;
    }

    // Its thread may go on after the test.
    static Watchdog& makeWatchdog(Watchdog::Bark bark = note) {
        static auto& all = *new std::deque<Watchdog>;
        return all.emplace_back(bark);
    }
};

TEST_F(WatchdogTest, BarksOnceAtWhatLasts) {
    Watchdog& watchdog = makeWatchdog();
    ASSERT_TRUE(watchdog.watch(7));
    EXPECT_TRUE(waitForBark(1));
    EXPECT_EQ(barkedAt, 7U);
    waitFor(kLong);
    EXPECT_EQ(barks, 1);
    ASSERT_TRUE(watchdog.watch(8));
    EXPECT_TRUE(waitForBark(2));
    EXPECT_EQ(barkedAt, 8U);
    watchdog.unwatch();
}

TEST_F(WatchdogTest, IsPatient) {
    Watchdog& watchdog = makeWatchdog();
    const auto begin = Clock::now();
    ASSERT_TRUE(watchdog.watch(1));
    ASSERT_TRUE(waitForBark(1));
    EXPECT_GE(Clock::now() - begin, kPatience);
    watchdog.unwatch();
}

TEST_F(WatchdogTest, DoesNotBarkAtMuchThatIsShort) {
    Watchdog& watchdog = makeWatchdog();
    int right = 0; // where this thread was not given the CPU
    auto before = Clock::now();
    const auto end = before + kLong * kPatience;
    for (uint32_t serial = 1; before < end; ++serial) {
        const auto begin = Clock::now();
        ASSERT_TRUE(watchdog.watch(serial));
        if (serial % 2 != 0)
            watchdog.unwatch();
        right += barksSince(before); // the last one was watched until now
        before = begin;
    }
    watchdog.unwatch();
    right += barksSince(before);
    EXPECT_LE(barks, right);
}

TEST_F(WatchdogTest, BarksAtWhatLastsAfterMuchThatIsShort) {
    Watchdog& watchdog = makeWatchdog();
    uint32_t serial = 1;
    for (const auto end = Clock::now() + kLong * kPatience; Clock::now() < end; ++serial)
        ASSERT_TRUE(watchdog.watch(serial));
    barks = 0;
    ASSERT_TRUE(watchdog.watch(serial));
    EXPECT_TRUE(waitForBark(1));
    EXPECT_EQ(barkedAt, serial);
    watchdog.unwatch();
}

TEST_F(WatchdogTest, DoesNotBarkAtWhatIsOver) {
    Watchdog& watchdog = makeWatchdog();
    const auto begin = Clock::now();
    ASSERT_TRUE(watchdog.watch(1));
    watchdog.unwatch();
    const int right = barksSince(begin);
    waitFor(kLong);
    EXPECT_LE(barks, right);
}

TEST_F(WatchdogTest, IsSilenced) {
    Watchdog& watchdog = makeWatchdog();
    ASSERT_TRUE(watchdog.watch(1));
    watchdog.silence();
    const int before = barks;
    waitFor(kLong);
    watchdog.watch(2);
    waitFor(kLong);
    EXPECT_EQ(barks, before);
}

TEST_F(WatchdogTest, IsSilencedAfterTheBarkThatIsUnderway) {
    Watchdog& watchdog = makeWatchdog(noteSlowly);
    ASSERT_TRUE(watchdog.watch(1));
    ASSERT_TRUE(waitForBark(1));
    watchdog.silence();
    EXPECT_EQ(barkedAt, 1U);
}

TEST_F(WatchdogTest, WatchesInChildAfterItForgot) {
    Watchdog& watchdog = makeWatchdog();
    ASSERT_TRUE(watchdog.watch(1));
    ASSERT_TRUE(waitForBark(1));
    const pid_t child = fork();
    if (child == 0) {
        watchdog.forget();
        const bool barked = watchdog.watch(2) && waitForBark(2) && barkedAt == 2;
        _exit(barked ? EXIT_SUCCESS : EXIT_FAILURE);
    }
    int status = 0;
    ASSERT_EQ(waitpid(child, &status, 0), child);
    EXPECT_TRUE(WIFEXITED(status) && WEXITSTATUS(status) == EXIT_SUCCESS);
    watchdog.unwatch();
}

// Its thread ends where nothing has been watched for long, and comes back.
TEST_F(WatchdogTest, WatchesAgainAfterALongTime) {
    Watchdog& watchdog = makeWatchdog();
    ASSERT_TRUE(watchdog.watch(1));
    watchdog.unwatch();
    waitFor(300);
    ASSERT_TRUE(watchdog.watch(2));
    EXPECT_TRUE(waitForBark(1));
    watchdog.unwatch();
}

} // namespace
} // namespace pyston::support
