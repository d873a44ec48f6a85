#include "support/ticker.h"

#include "support/own_thread.h"

#include <algorithm>
#include <ctime>
#include <sched.h>

namespace pyston::support {
namespace {

constexpr size_t kStackBytes = size_t{256} << 10; // touched lazily
// The thread ends when a tick was not served for so long: the program sleeps, or computes in C.
constexpr int kIdleMicroseconds = 1'000'000;
constexpr int kHurriedMicroseconds = 200;

} // namespace

bool Ticker::start() {
    if (isUnavailable_.load() || isSilenced_.load())
        return false;
    if (isRunning_.exchange(true)) // by the thread that was to end
        return true;
    isServed_.store(true);
    const auto body = [](void* self) { static_cast<Ticker*>(self)->run(); };
    if (!startThread(body, this, kStackBytes)) {
        isRunning_.store(false);
        isUnavailable_.store(true);
    }
    return !isUnavailable_.load();
}

void Ticker::run() {
    for (int idle = 0; idle < kIdleMicroseconds;) {
        const bool isRare = inVain_.load(std::memory_order_relaxed) >= kTicksUntilRare;
        const int usual = 1'000 * (isRare ? kRareMilliseconds : kMilliseconds);
        const int microseconds = isHurried_.load() ? kHurriedMicroseconds : usual;
        const timespec wait = {0, microseconds * 1'000L};
        nanosleep(&wait, nullptr);
        idle = tick() ? 0 : idle + microseconds;
    }
    isRunning_.store(false);
    if (isServed_.load()) // by someone who has just seen a running thread
        start();
}

bool Ticker::tick() {
    if (!isServed_.load(std::memory_order_acquire))
        return false;
    isTicking_.store(true);
    const bool mayTick = !isSilenced_.load() && forks_.load() == 0;
    if (mayTick) {
        isServed_.store(false, std::memory_order_relaxed);
        tick_();
    }
    isTicking_.store(false);
    return mayTick;
}

void Ticker::serve(bool forSomething) {
    const int inVain = inVain_.load(std::memory_order_relaxed);
    inVain_.store(forSomething ? 0 : std::min(inVain + 1, kTicksUntilRare),
                  std::memory_order_relaxed);
    isServed_.store(true);
    if (!isRunning_.load())
        start();
}

void Ticker::waitForTick() const {
    while (isTicking_.load())
        sched_yield();
}

void Ticker::silence() {
    isSilenced_.store(true);
    waitForTick();
}

void Ticker::beforeFork() {
    ++forks_;
    waitForTick();
}

void Ticker::afterForkInChild() {
    forks_.store(0);
    isTicking_.store(false); // it may have been about to see that it may not
    isRunning_.store(false);
}

} // namespace pyston::support
