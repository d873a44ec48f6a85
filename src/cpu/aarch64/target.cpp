// aarch64, AAPCS64: registers and the Target instance. x18 belongs to the platform; the
// callee-saved float registers d8 to d15 are left alone.
#include "cpu/aarch64/emitter.h"

#include <array>

#include <elf.h>

namespace pyston::cpu {

namespace {

using namespace arm64;

constexpr std::array<int, 8> kArguments = {0, 1, 2, 3, 4, 5, 6, 7};

const char* gpName(int reg) {
    static constexpr const char* kNames[32] = {
        "x0",  "x1",  "x2",  "x3",  "x4",  "x5",  "x6",  "x7",  "x8",  "x9",  "x10",
        "x11", "x12", "x13", "x14", "x15", "x16", "x17", "x18", "x19", "x20", "x21",
        "x22", "x23", "x24", "x25", "x26", "x27", "x28", "x29", "x30", "sp"};
    return kNames[reg];
}

const char* fpName(int reg) {
    static constexpr const char* kNames[32] = {
        "d0",  "d1",  "d2",  "d3",  "d4",  "d5",  "d6",  "d7",  "d8",  "d9",  "d10",
        "d11", "d12", "d13", "d14", "d15", "d16", "d17", "d18", "d19", "d20", "d21",
        "d22", "d23", "d24", "d25", "d26", "d27", "d28", "d29", "d30", "d31"};
    return kNames[reg];
}

constexpr uint8_t kInitialUnwind[] = {0x0c, 31, 0}; // CFA = sp

EmittedCode emit(const lir::Function& fn, const regalloc::Allocation& allocation,
                 const RuntimeAddresses& runtime, uint64_t base, const void* blob,
                 bool wantListing) {
    return A64Emitter(fn, allocation, runtime, base, blob, wantListing).run();
}

} // namespace

const Target& aarch64() {
    static const Target target = {
        .name = "aarch64",
        .gpAllocatable = bits(0, 15) | bits(21, 28),
        .fpAllocatable = bits(0, 7) | bits(16, 29),
        .gpCallerSaved = bits(0, 15),
        .fpCallerSaved = bits(0, 7) | bits(16, 29),
        .gpScratch = kScratch,
        .fpScratch = kFpScratch,
        .gpThreadState = kThreadState,
        .gpFrame = kFrame,
        .gpArguments = kArguments,
        .fpArguments = kArguments,
        .gpName = gpName,
        .fpName = fpName,
        .unwind = {.elfMachine = EM_AARCH64,
                   .codeAlignment = 4,
                   .dataAlignment = -8,
                   .returnColumn = 30,
                   .initialInstructions = kInitialUnwind},
        .emit = emit,
    };
    return target;
}

} // namespace pyston::cpu
