// While a thread is traced or profiled, its frames run in the interpreter, and no code is patched.
#pragma once

namespace pyston::host {

// Sees to it that we are told when tracing begins.
void prepareTracing();
// Tracing begins, or a frame is traced and nobody has told (something in C that we did not see
// being loaded).
void noticeTracing();
// Called now and then: may loops be watched again?
void noticeEndOfTracing();
// Set from the moment that a thread begins to be traced until noticeEndOfTracing() finds none.
extern bool tracingSeen;

} // namespace pyston::host
