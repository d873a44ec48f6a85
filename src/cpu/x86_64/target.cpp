// x86-64, System V ABI: registers and the Target instance.
#include "cpu/x86_64/emitter.h"

#include <array>

#include <elf.h>

namespace pyston::cpu {

namespace {

using namespace x64;

constexpr std::array<int, 6> kGpArguments = {kRdi, kRsi, kRdx, kRcx, kR8, kR9};
constexpr std::array<int, 8> kFpArguments = {0, 1, 2, 3, 4, 5, 6, 7};

const char* gpName(int reg) {
    static constexpr const char* kNames[16] = {"rax", "rcx", "rdx", "rbx", "rsp", "rbp",
                                               "rsi", "rdi", "r8",  "r9",  "r10", "r11",
                                               "r12", "r13", "r14", "r15"};
    return kNames[reg];
}

const char* fpName(int reg) {
    static constexpr const char* kNames[16] = {"xmm0",  "xmm1",  "xmm2",  "xmm3", "xmm4",  "xmm5",
                                               "xmm6",  "xmm7",  "xmm8",  "xmm9", "xmm10", "xmm11",
                                               "xmm12", "xmm13", "xmm14", "xmm15"};
    return kNames[reg];
}

// On entry: CFA = rsp + 8, the return address (column 16) at CFA - 8.
constexpr uint8_t kInitialUnwind[] = {0x0c, 7, 8, 0x80 | 16, 1};

constexpr uint64_t kGpCallerSaved =
    bit(kRdx) | bit(kRsi) | bit(kRdi) | bit(kR8) | bit(kR9) | bit(kR10) | bit(kR11);
constexpr uint64_t kFpAll = (uint64_t{1} << 14) - 1;

EmittedCode emit(const lir::Function& fn, const regalloc::Allocation& allocation,
                 const RuntimeAddresses& runtime, uint64_t base, const void* blob,
                 bool wantListing) {
    return X64Emitter(fn, allocation, runtime, base, blob, wantListing).run();
}

} // namespace

const Target& x86_64() {
    static const Target target = {
        .name = "x86_64",
        .gpAllocatable = kGpCallerSaved | bit(kRbx) | bit(kR14) | bit(kR15),
        .fpAllocatable = kFpAll,
        .gpCallerSaved = kGpCallerSaved,
        .fpCallerSaved = kFpAll,
        .gpScratch = kRax,
        .fpScratch = kFpScratch,
        .gpThreadState = kThreadState,
        .gpFrame = kFrame,
        .gpArguments = kGpArguments,
        .fpArguments = kFpArguments,
        .gpName = gpName,
        .fpName = fpName,
        .unwind = {.elfMachine = EM_X86_64,
                   .codeAlignment = 1,
                   .dataAlignment = -8,
                   .returnColumn = 16,
                   .initialInstructions = kInitialUnwind},
        .emit = emit,
    };
    return target;
}

} // namespace pyston::cpu
