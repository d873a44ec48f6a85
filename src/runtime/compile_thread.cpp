#include "runtime/compile_thread.h"

#include "cpython/api.h"
#include "runtime/code_memory.h"
#include "runtime/options.h"
#include "runtime/policy.h"
#include "support/address_space.h"
#include "support/own_thread.h"

#include <atomic>
#include <chrono>
#include <condition_variable>
#include <cstdlib>
#include <deque>
#include <mutex>
#include <new>
#include <pthread.h>
#include <sched.h>
#include <utility>

namespace pyston::runtime {
namespace {

constexpr size_t kMostJobs = 4;
constexpr size_t kStackBytes = size_t{8} << 20; // touched lazily
constexpr std::chrono::seconds kIdle{1};

bool isUnavailable = false; // no thread is to be had

using Jobs = std::deque<std::unique_ptr<CompileJob>>;

struct State {
    // Held by the thread from taking a job to having finished it; taken before `lock`, and before
    // all locks that the compiler takes.
    std::mutex working;
    std::mutex lock; // of what follows
    std::condition_variable hasJobs;
    Jobs waiting;
    Jobs finished;
    bool isRunning = false;
    bool isStopped = false;
    // Written with the lock.
    std::atomic<size_t> numJobs{0}; // that were added and not taken
    std::atomic<bool> anyFinished{false};
};

State& state() {
    // Never destroyed: the thread may wait in it while static objects are being destroyed.
    alignas(State) static unsigned char storage[sizeof(State)];
    static State& instance = *new (storage) State;
    return instance;
}

// False when there is nothing to do.
bool finishOne(State& s) {
    const std::lock_guard working(s.working);
    std::unique_lock lock(s.lock);
    if (s.waiting.empty() || s.isStopped)
        return false;
    std::unique_ptr<CompileJob> job = std::move(s.waiting.front());
    s.waiting.pop_front();
    lock.unlock();
    job->compilation.finish();
    lock.lock();
    s.finished.push_back(std::move(job));
    s.anyFinished.store(true, std::memory_order_release);
    if (!s.isStopped)
        host::callSoon(
            [](void*) {
                installFinishedCode();
                return 0;
            },
            nullptr);
    return true;
}

void run(void*) {
    State& s = state();
    for (;;) {
        while (finishOne(s)) {
        }
        std::unique_lock lock(s.lock);
        s.hasJobs.wait_for(lock, kIdle, [&] { return !s.waiting.empty() || s.isStopped; });
        if (s.waiting.empty() || s.isStopped) {
            s.isRunning = false;
            return;
        }
    }
}

void beforeFork() {
    state().working.lock();
    state().lock.lock();
}
void afterForkInParent() {
    state().lock.unlock();
    state().working.unlock();
}
void afterForkInChild() {
    State& s = state();
    new (&s.hasJobs) std::condition_variable; // the thread that waited is gone
    s.isRunning = false;
    // takeFinishedJobs() starts another for what waits.
    s.anyFinished.store(s.numJobs.load() != 0, std::memory_order_relaxed);
    s.lock.unlock();
    s.working.unlock();
}

void prepare() {
    static bool prepared = false;
    if (std::exchange(prepared, true))
        return;
    // Handlers run in reverse order before a fork, and this one has to be the first of ours: after
    // that of code memory, which this makes.
    codeBytesInUse();
    pthread_atfork(beforeFork, afterForkInParent, afterForkInChild);
    std::atexit(stopCompileThread); // unless the interpreter has ended before
}

bool startIfNeeded(State& s) {
    if (s.isRunning || s.waiting.empty())
        return true;
    s.isRunning = support::startThread(run, nullptr, kStackBytes);
    return s.isRunning;
}

} // namespace

bool compilesBesideProgram() {
    static const bool hasTwoProcessors = [] {
        cpu_set_t set;
        return sched_getaffinity(0, sizeof set, &set) == 0 && CPU_COUNT(&set) > 1;
    }();
    using Thread = Options::CompileThread;
    const Thread thread = options().compileThread;
    const bool isWanted = thread == Thread::kOn || (thread == Thread::kAuto && hasTwoProcessors);
    // A thread takes addresses for its stack, and for an arena of malloc's.
    return isWanted && !isUnavailable && !support::addressSpaceIsLimited();
}

bool compileThreadTakesJobs() {
    return state().numJobs.load(std::memory_order_relaxed) < kMostJobs;
}

bool addCompileJob(std::unique_ptr<CompileJob>& job) {
    if (!compilesBesideProgram())
        return false;
    prepare();
    host::callAtExit(dropCompileJobs);
    State& s = state();
    const std::lock_guard lock(s.lock);
    if (s.isStopped)
        return false;
    s.waiting.push_back(std::move(job));
    if (!startIfNeeded(s)) {
        isUnavailable = true;
        job = std::move(s.waiting.back());
        s.waiting.pop_back();
        return false;
    }
    ++s.numJobs;
    s.hasJobs.notify_one();
    return true;
}

bool hasFinishedJobs() {
    return state().anyFinished.load(std::memory_order_acquire);
}

std::vector<std::unique_ptr<CompileJob>> takeFinishedJobs() {
    State& s = state();
    std::unique_lock lock(s.lock);
    if (!startIfNeeded(s)) { // in a child
        lock.unlock();
        finishCompileJobs();
        lock.lock();
    }
    s.anyFinished.store(false, std::memory_order_relaxed);
    std::vector<std::unique_ptr<CompileJob>> jobs;
    for (std::unique_ptr<CompileJob>& job : std::exchange(s.finished, {}))
        jobs.push_back(std::move(job));
    s.numJobs -= jobs.size();
    return jobs;
}

void finishCompileJobs() {
    while (finishOne(state())) {
    }
    const std::lock_guard working(state().working); // what the thread has begun
}

// What they hold has to be gone before the interpreter clears its modules.
void dropCompileJobs() {
    stopCompileThread();
    State& s = state();
    std::unique_lock lock(s.lock);
    Jobs jobs = std::exchange(s.waiting, {});
    for (std::unique_ptr<CompileJob>& job : std::exchange(s.finished, {}))
        jobs.push_back(std::move(job));
    s.anyFinished.store(false, std::memory_order_relaxed);
    s.numJobs -= jobs.size();
    lock.unlock();
    for (const std::unique_ptr<CompileJob>& job : jobs)
        job->compilation.request().data->isBeingCompiled = false;
}

void stopCompileThread() {
    State& s = state();
    {
        const std::lock_guard lock(s.lock);
        s.isStopped = true;
        s.hasJobs.notify_one();
    }
    const std::lock_guard working(s.working);
}

} // namespace pyston::runtime
