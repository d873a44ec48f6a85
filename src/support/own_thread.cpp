#include "support/own_thread.h"

#include <csignal>
#include <memory>
#include <new>
#include <pthread.h>

namespace pyston::support {
namespace {

struct Start {
    void (*body)(void*);
    void* argument;
};

void* begin(void* pointer) {
    const std::unique_ptr<Start> start(static_cast<Start*>(pointer));
    start->body(start->argument);
    return nullptr;
}

} // namespace

bool startThread(void (*body)(void*), void* argument, size_t stackBytes) {
    std::unique_ptr<Start> start(new (std::nothrow) Start{body, argument});
    pthread_attr_t attributes;
    if (!start || pthread_attr_init(&attributes) != 0)
        return false;
    pthread_attr_setstacksize(&attributes, stackBytes);
    pthread_attr_setdetachstate(&attributes, PTHREAD_CREATE_DETACHED);
    // A thread begins with the signal mask of the one that makes it.
    sigset_t all;
    sigset_t before;
    sigfillset(&all);
    pthread_sigmask(SIG_SETMASK, &all, &before);
    pthread_t thread;
    const bool started = pthread_create(&thread, &attributes, begin, start.get()) == 0;
    pthread_sigmask(SIG_SETMASK, &before, nullptr);
    pthread_attr_destroy(&attributes);
    if (started)
        static_cast<void>(start.release());
    return started;
}

} // namespace pyston::support
