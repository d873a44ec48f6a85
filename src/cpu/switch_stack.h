// Calling a function on another stack.
#pragma once

namespace pyston::cpu {

// Calls `function(argument)` with the stack pointer at `top` (16-byte aligned, the high end of a
// memory area), and comes back to the stack it was called on. No exception may leave `function`; a
// thread that ends in it is unwound as it should be.
void callOnStack(void* top, void (*function)(void*), void* argument);

} // namespace pyston::cpu
