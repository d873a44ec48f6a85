// A thread of ours that notices when something takes long.
//
// It exists while there is something to watch, and a while longer. It takes no lock. In a child
// that fork() made it is gone; the next watch() starts another.
#pragma once

#include <atomic>
#include <cstdint>

namespace pyston::support {

class Watchdog {
  public:
    using Bark = void (*)(uint32_t serial);

    // `bark` is called, on the watchdog's thread, once for what is watched for more than
    // kPatienceMilliseconds, and before that for twice as long at the latest; where all that came
    // before was short for a while, it is kPatienceAfterShortMilliseconds.
    explicit constexpr Watchdog(Bark bark) : bark_(bark) {}

    static constexpr int kPatienceMilliseconds = 5;
    static constexpr int kPatienceAfterShortMilliseconds = 20;

    // Something begins, which is known by a number of its own (not 0). False if no thread is to be
    // had. Called by one thread at a time.
    bool watch(uint32_t serial) {
        watched_.store(serial, std::memory_order_release);
        return isRunning_.load(std::memory_order_relaxed) || start();
    }
    void unwatch() { watched_.store(0, std::memory_order_release); }
    // No bark from now on; one that is underway has ended.
    void silence();
    // In a child that fork() made.
    void forget() { isRunning_.store(false, std::memory_order_relaxed); }

  private:
    bool start();
    void run();

    const Bark bark_;
    std::atomic<uint32_t> watched_{0};
    std::atomic<bool> isRunning_{false};
    std::atomic<bool> isBarking_{false};
    std::atomic<bool> isSilenced_{false};
    bool isUnavailable_ = false;
};

} // namespace pyston::support
