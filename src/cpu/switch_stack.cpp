#include "cpu/switch_stack.h"

// The old stack pointer is kept in the frame pointer, and the unwinder is told: a thread that
// Python ends while it is on another stack (a daemon, PyThread_exit_thread) is unwound from there
// to the end of its own.
extern "C" [[gnu::visibility("hidden")]] void pystonCallOnStack(void* top, void (*function)(void*),
                                                                void* argument);
#if defined(__x86_64__)
asm(R"(
    .pushsection .text
    .balign 16
    .globl pystonCallOnStack
    .hidden pystonCallOnStack
    .type pystonCallOnStack, @function
pystonCallOnStack:
    .cfi_startproc
    pushq %rbp
    .cfi_def_cfa_offset 16
    .cfi_offset %rbp, -16
    movq %rsp, %rbp
    .cfi_def_cfa_register %rbp
    movq %rdi, %rsp
    movq %rdx, %rdi
    callq *%rsi
    movq %rbp, %rsp
    popq %rbp
    .cfi_def_cfa %rsp, 8
    retq
    .cfi_endproc
    .size pystonCallOnStack, . - pystonCallOnStack
    .popsection
)");
#elif defined(__aarch64__)
asm(R"(
    .pushsection .text
    .balign 16
    .globl pystonCallOnStack
    .hidden pystonCallOnStack
    .type pystonCallOnStack, %function
pystonCallOnStack:
    .cfi_startproc
    stp x29, x30, [sp, #-16]!
    .cfi_def_cfa_offset 16
    .cfi_offset x29, -16
    .cfi_offset x30, -8
    mov x29, sp
    .cfi_def_cfa_register x29
    mov sp, x0
    mov x0, x2
    blr x1
    mov sp, x29
    .cfi_def_cfa_register sp
    ldp x29, x30, [sp], #16
    .cfi_def_cfa_offset 0
    .cfi_restore x29
    .cfi_restore x30
    ret
    .cfi_endproc
    .size pystonCallOnStack, . - pystonCallOnStack
    .popsection
)");
#else
#error "no stack switch for this CPU"
#endif

namespace pyston::cpu {

void callOnStack(void* top, void (*function)(void*), void* argument) {
    pystonCallOnStack(top, function, argument);
}

} // namespace pyston::cpu
