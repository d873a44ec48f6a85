#include "cpu/switch_stack.h"

namespace pyston::cpu {

// The old stack pointer is kept in a register that the callee preserves.
#if defined(__x86_64__)
__attribute__((noinline)) void callOnStack(void* top, void (*function)(void*), void* argument) {
    asm volatile("movq %%rsp, %%rbx\n\t"
                 "movq %[top], %%rsp\n\t"
                 "callq *%[function]\n\t"
                 "movq %%rbx, %%rsp\n\t"
                 : "+D"(argument), [top] "+S"(top), [function] "+a"(function)
                 :
                 : "rbx", "rcx", "rdx", "r8", "r9", "r10", "r11", "cc", "memory", "xmm0", "xmm1",
                   "xmm2", "xmm3", "xmm4", "xmm5", "xmm6", "xmm7", "xmm8", "xmm9", "xmm10", "xmm11",
                   "xmm12", "xmm13", "xmm14", "xmm15");
}
#elif defined(__aarch64__)
__attribute__((noinline)) void callOnStack(void* top, void (*function)(void*), void* argument) {
    register void* x0 asm("x0") = argument;
    register void* x1 asm("x1") = top;
    register void (*x2)(void*) asm("x2") = function;
    asm volatile("mov x19, sp\n\t"
                 "mov sp, x1\n\t"
                 "blr x2\n\t"
                 "mov sp, x19\n\t"
                 : "+r"(x0), "+r"(x1), "+r"(x2)
                 :
                 : "x3", "x4", "x5", "x6", "x7", "x8", "x9", "x10", "x11", "x12", "x13", "x14",
                   "x15", "x16", "x17", "x19", "x30", "cc", "memory", "v0", "v1", "v2", "v3", "v4",
                   "v5", "v6", "v7", "v8", "v9", "v10", "v11", "v12", "v13", "v14", "v15", "v16",
                   "v17", "v18", "v19", "v20", "v21", "v22", "v23", "v24", "v25", "v26", "v27",
                   "v28", "v29", "v30", "v31");
}
#else
#error "no stack switch for this CPU"
#endif

} // namespace pyston::cpu
