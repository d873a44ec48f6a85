// A thread of ours that has something looked after every few milliseconds.
//
// It exists while ticks are served, and a while longer, and takes no lock. fork() waits for a tick
// that is underway, as it would for a lock: in the child the thread is gone, in the middle of
// anything. The next want() there starts another.
#pragma once

#include <atomic>
#include <cstdint>

namespace pyston::support {

class Ticker {
  public:
    using Tick = void (*)();

    // `tick` is called on the ticker's thread, and asks for something to be done elsewhere. It is
    // not called again before that was done (serve()).
    explicit constexpr Ticker(Tick tick) : tick_(tick) {}

    // The time between ticks, at least; the longer one where so many ticks in a row were for
    // nothing: each takes time from the program, also when it is another processor that wakes up.
    static constexpr int kMilliseconds = 5;
    static constexpr int kRareMilliseconds = 20;
    static constexpr int kTicksUntilRare = 8;

    // Ticks come as soon as they are served, about: for tests.
    void hurry() { isHurried_.store(true); }
    // There is something to look after. False if no thread is to be had. Called by one thread at a
    // time, as is serve().
    bool want() { return isRunning_.load(std::memory_order_relaxed) || start(); }
    // What the last tick asked for was done, for something or for nothing.
    void serve(bool forSomething);
    // No tick from now on; one that is underway has ended.
    void silence();
    // Around a fork(), by the thread that forks; several may at a time.
    void beforeFork();
    void afterForkInParent() { --forks_; }
    void afterForkInChild();

  private:
    bool start();
    void run();
    bool tick();
    void waitForTick() const;

    const Tick tick_;
    std::atomic<int> inVain_{0};
    std::atomic<bool> isHurried_{false};
    std::atomic<bool> isServed_{true};
    std::atomic<bool> isRunning_{false};
    std::atomic<bool> isTicking_{false};
    std::atomic<bool> isSilenced_{false};
    std::atomic<int> forks_{0};
    std::atomic<bool> isUnavailable_{false};
};

} // namespace pyston::support
