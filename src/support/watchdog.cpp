#include "support/watchdog.h"

#include "support/own_thread.h"

#include <ctime>
#include <sched.h>

namespace pyston::support {
namespace {

constexpr size_t kStackBytes = size_t{256} << 10; // touched lazily
constexpr int kIdlePeriods = 200;
// Where so many looks in a row found something new, the next are further apart: each takes time
// from the program, also when it is another processor that wakes up.
constexpr int kLooksUntilRare = 8;

constexpr timespec period(int milliseconds) {
    return {0, milliseconds * 1'000'000L};
}

} // namespace

bool Watchdog::start() {
    if (isUnavailable_)
        return false;
    isRunning_.store(true, std::memory_order_relaxed);
    const auto body = [](void* self) { static_cast<Watchdog*>(self)->run(); };
    if (!startThread(body, this, kStackBytes)) {
        isRunning_.store(false, std::memory_order_relaxed);
        isUnavailable_ = true;
    }
    return !isUnavailable_;
}

void Watchdog::run() {
    constexpr timespec kOften = period(kPatienceMilliseconds);
    constexpr timespec kRarely = period(kPatienceAfterShortMilliseconds);
    int inVain = 0;
    uint32_t last = 0;
    uint32_t barkedAt = 0;
    for (int idle = 0; idle < kIdlePeriods;) {
        nanosleep(inVain < kLooksUntilRare ? &kOften : &kRarely, nullptr);
        const uint32_t now = watched_.load(std::memory_order_acquire);
        if (now != 0 && now == last && now != barkedAt) {
            barkedAt = now;
            isBarking_.store(true);
            if (!isSilenced_.load() && watched_.load() == now)
                bark_(now);
            isBarking_.store(false);
        }
        idle = now == last ? idle + 1 : 0;
        inVain = now == last ? 0 : inVain + 1;
        last = now;
    }
    isRunning_.store(false);
    if (watched_.load() != last) // by someone who has just seen a running thread
        start();
}

void Watchdog::silence() {
    isSilenced_.store(true);
    while (isBarking_.load())
        sched_yield();
}

} // namespace pyston::support
