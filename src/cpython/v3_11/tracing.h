// While a thread is traced or profiled, its frames run in the interpreter, and no code is patched.
#pragma once

namespace pyston::host {

// Asks to be told when tracing begins. False with an exception set.
bool prepareTracing();
// Called now and then: may loops be watched again?
void noticeEndOfTracing();
// Set from the moment that a thread begins to be traced until noticeEndOfTracing() finds none.
extern bool tracingSeen;

} // namespace pyston::host
