// aarch64: the native frame, moves, calls and exits.
#include "cpu/aarch64/emitter.h"

#include <cassert>
#include <cstddef>

namespace pyston::cpu {

using namespace arm64;
using asmjit::imm;
using asmjit::Label;
using regalloc::Move;
using regalloc::Place;
namespace a64 = asmjit::a64;
namespace arm = asmjit::arm;

namespace {

constexpr int kSaveAreaFp = 32 * 8;
constexpr int kMachineState = 2 * 32 * 8;
constexpr int kSaveAreaBytes = kMachineState + 32; // MachineState is 24 bytes; keeps sp aligned
static_assert(sizeof(exits::MachineState) == 24);

template<typename F> void forEachBit(uint64_t mask, F f) {
    for (; mask != 0; mask &= mask - 1)
        f(__builtin_ctzll(mask));
}

} // namespace

A64Emitter::A64Emitter(const lir::Function& fn, const regalloc::Allocation& allocation,
                       const RuntimeAddresses& runtime, uint64_t base, const void* blob,
                       bool wantListing)
    : Emitter(aarch64(), fn, allocation, runtime, base, blob, wantListing) {
    attach(asmjit::Arch::kAArch64, a_);
    saved_ = {kThreadState, kFrame};
    const uint64_t used = usedRegisters(lir::RegClass::kInt);
    forEachBit(used & target_.gpAllocatable & ~target_.gpCallerSaved,
               [&](int reg) { saved_.push_back(reg); });
    outgoingBytes_ = fn.outgoingBytes > 0 ? ((fn.outgoingBytes + 7) & ~7) + 8 : 0;
    const int bytes =
        static_cast<int>(saved_.size()) * 8 + allocation.numSpills * 8 + outgoingBytes_;
    frameBytes_ = (bytes + 15) & ~15;
}

// --- frame

A64Emitter::Mem A64Emitter::address(const Gp& base, int64_t disp, int size, int scratch) {
    const bool scaled = disp >= 0 && disp % size == 0 && disp / size <= 4095;
    if (scaled || (disp >= -256 && disp <= 255))
        return a64::ptr(base, static_cast<int32_t>(disp));
    emitLoadImm(scratch, static_cast<uint64_t>(disp));
    return a64::ptr(base, gp(scratch));
}

A64Emitter::Mem A64Emitter::spill(int slot) {
    return address(a64::sp, pushed_ + outgoingBytes_ + 8 * slot, 8);
}

void A64Emitter::emitAddImm(const Gp& to, const Gp& from, int64_t value, int scratch) {
    if (value >= 0 && value <= 4095) {
        a_.add(to, from, imm(value));
    } else if (value < 0 && value >= -4095) {
        a_.sub(to, from, imm(-value));
    } else {
        // The immediate is in the register that the 64-bit form extends, which may be added to sp.
        emitLoadImm(scratch, static_cast<uint64_t>(value));
        a_.add(to, from, gp(scratch));
    }
}

void A64Emitter::emitPrologue() {
    a_.stp(a64::x29, a64::x30, a64::ptr_pre(a64::sp, -16));
    linkedAt_ = a_.offset();
    a_.mov(a64::x29, a64::sp);
    framedAt_ = a_.offset();
    emitAddImm(a64::sp, a64::sp, -frameBytes_, kScratch);
    for (size_t i = 0; i < saved_.size(); ++i)
        a_.stur(gp(saved_[i]), a64::ptr(a64::x29, -8 * (static_cast<int>(i) + 1)));
    savedAt_ = a_.offset();
    a_.mov(gp(kThreadState), a64::x0);
    a_.mov(gp(kFrame), a64::x1);
    a_.br(a64::x2);
}

void A64Emitter::emitLeaveFrame() {
    for (size_t i = 0; i < saved_.size(); ++i)
        a_.ldur(gp(saved_[i]), a64::ptr(a64::x29, -8 * (static_cast<int>(i) + 1)));
    a_.mov(a64::sp, a64::x29);
    a_.ldp(a64::x29, a64::x30, a64::ptr_post(a64::sp, 16));
}

void A64Emitter::finish(EmittedCode& out) {
    out.frameSize = static_cast<uint32_t>(frameBytes_ + 16);
    size_t at = 0;
    auto advanceTo = [&](size_t offset) {
        out.unwindInfo.push_back(static_cast<uint8_t>(0x40 | ((offset - at) / 4)));
        at = offset;
    };
    auto savedAt = [&](int dwarfRegister, int slot) {
        out.unwindInfo.push_back(static_cast<uint8_t>(0x80 | dwarfRegister));
        out.unwindInfo.push_back(static_cast<uint8_t>(slot)); // times -8, from the CFA
    };
    advanceTo(linkedAt_);
    out.unwindInfo.insert(out.unwindInfo.end(), {0x0e, 16});
    savedAt(kFramePointer, 2);
    savedAt(kLink, 1);
    advanceTo(framedAt_);
    out.unwindInfo.insert(out.unwindInfo.end(), {0x0d, kFramePointer});
    advanceTo(savedAt_);
    for (size_t i = 0; i < saved_.size(); ++i)
        savedAt(saved_[i], static_cast<int>(i) + 3);
}

// --- moves

void A64Emitter::emitMoveGp(int to, int from) {
    if (to != from)
        a_.mov(gp(to), gp(from));
}

void A64Emitter::emitMoveFp(int to, int from) {
    if (to != from)
        a_.fmov(fp(to), fp(from));
}

void A64Emitter::emitMove(const Move& move) {
    const Place& from = move.from;
    const Place& to = move.to;
    if (from == to || from.kind == Place::kNone || to.kind == Place::kNone)
        return;
    const bool isFloat = move.cls == lir::RegClass::kFloat;
    if (from.kind == Place::kRegister && to.kind == Place::kRegister) {
        isFloat ? emitMoveFp(to.index, from.index) : emitMoveGp(to.index, from.index);
    } else if (from.kind == Place::kRegister) {
        const Mem slot = spill(to.index);
        isFloat ? a_.str(fp(from), slot) : a_.str(gp(from), slot);
    } else if (to.kind == Place::kRegister) {
        const Mem slot = spill(from.index);
        isFloat ? a_.ldr(fp(to), slot) : a_.ldr(gp(to), slot);
    } else {
        // Through a float register: the integer scratch registers may hold a value of the parallel
        // move and a large offset.
        const Mem source = spill(from.index);
        a_.ldr(fp(kFpScratch2), source);
        const Mem destination = spill(to.index);
        a_.str(fp(kFpScratch2), destination);
    }
}

void A64Emitter::emitLoadImm(int reg, uint64_t value) {
    if (value != 0 && a64::Utils::isLogicalImm(value, 64)) {
        a_.orr(gp(reg), a64::xzr, imm(value));
        return;
    }
    auto half = [&](int i) { return static_cast<uint32_t>((value >> (16 * i)) & 0xffff); };
    int zeros = 0, ones = 0;
    for (int i = 0; i < 4; ++i) {
        zeros += half(i) == 0;
        ones += half(i) == 0xffff;
    }
    const bool invert = ones > zeros;
    const uint32_t filler = invert ? 0xffff : 0;
    bool started = false;
    for (int i = 0; i < 4; ++i) {
        if (half(i) == filler)
            continue;
        const auto shift = imm(16 * i);
        if (started)
            a_.movk(gp(reg), imm(half(i)), shift);
        else if (invert)
            a_.movn(gp(reg), imm(half(i) ^ 0xffff), shift);
        else
            a_.movz(gp(reg), imm(half(i)), shift);
        started = true;
    }
    if (!started)
        invert ? a_.movn(gp(reg), imm(0)) : a_.movz(gp(reg), imm(0));
}

void A64Emitter::emitJump(const Label& label) {
    a_.b(label);
}

// --- calls

bool A64Emitter::isNear(uint64_t address) const {
    // bl reaches 128 MiB; the margin covers the size of the function's own code.
    constexpr int64_t kReach = (int64_t{1} << 27) - (int64_t{1} << 22);
    const auto distance = static_cast<int64_t>(address - base_);
    return distance > -kReach && distance < kReach;
}

void A64Emitter::emitCallAbsolute(uint64_t address) {
    if (isNear(address)) {
        a_.bl(imm(address));
    } else {
        emitLoadImm(kScratch, address);
        a_.blr(gp(kScratch));
    }
}

void A64Emitter::emitJumpAbsolute(uint64_t address) {
    if (isNear(address)) {
        a_.b(imm(address));
    } else {
        emitLoadImm(kScratch, address);
        a_.br(gp(kScratch));
    }
}

void A64Emitter::emitSaveLive(const InstrPlaces& places, bool save) {
    const uint64_t gpMask = places.liveGpAcross & target_.gpCallerSaved;
    const uint64_t fpMask = places.liveFpAcross & target_.fpCallerSaved;
    const int count = __builtin_popcountll(gpMask) + __builtin_popcountll(fpMask);
    const int bytes = (count * 8 + 15) & ~15;
    if (save && bytes > 0)
        a_.sub(a64::sp, a64::sp, imm(bytes));
    int offset = 0;
    forEachBit(gpMask, [&](int reg) {
        const Mem slot = a64::ptr(a64::sp, offset);
        save ? a_.str(gp(reg), slot) : a_.ldr(gp(reg), slot);
        offset += 8;
    });
    forEachBit(fpMask, [&](int reg) {
        const Mem slot = a64::ptr(a64::sp, offset);
        save ? a_.str(fp(reg), slot) : a_.ldr(fp(reg), slot);
        offset += 8;
    });
    if (!save && bytes > 0)
        a_.add(a64::sp, a64::sp, imm(bytes));
    pushed_ = save ? bytes : 0;
}

// --- exits

void A64Emitter::emitExitStubs(std::span<const ExitStub> stubs, const Label& tail) {
    for (const auto& [record, label] : stubs) {
        a_.bind(label);
        emitLoadImm(kScratch, record);
        a_.b(tail);
    }
}

// The arguments that exits and observations share, of registers saved at sp.
void A64Emitter::emitMachineState() {
    const auto field = [](size_t offset) {
        return a64::ptr(a64::sp, kMachineState + static_cast<int>(offset));
    };
    a_.mov(a64::x4, a64::sp);
    a_.str(a64::x4, field(offsetof(exits::MachineState, gp)));
    a_.add(a64::x4, a64::sp, imm(kSaveAreaFp));
    a_.str(a64::x4, field(offsetof(exits::MachineState, fp)));
    emitAddImm(a64::x4, a64::sp, kSaveAreaBytes + outgoingBytes_, kScratch);
    a_.str(a64::x4, field(offsetof(exits::MachineState, spills)));
    a_.mov(a64::x0, gp(kThreadState));
    a_.mov(a64::x1, gp(kFrame));
    emitLoadImm(2, reinterpret_cast<uint64_t>(blob_));
    a_.add(a64::x4, a64::sp, imm(kMachineState));
}

void A64Emitter::emitExitTail(const Label& tail) {
    a_.bind(tail);
    a_.sub(a64::sp, a64::sp, imm(kSaveAreaBytes));
    forEachBit(exitRegisters(lir::RegClass::kInt),
               [&](int reg) { a_.str(gp(reg), a64::ptr(a64::sp, 8 * reg)); });
    forEachBit(exitRegisters(lir::RegClass::kFloat),
               [&](int reg) { a_.str(fp(reg), a64::ptr(a64::sp, kSaveAreaFp + 8 * reg)); });
    a_.mov(a64::w3, gpw(kScratch));
    emitMachineState();
    emitCallAbsolute(runtime_.materialize);
    a_.mov(a64::x2, a64::x0);
    a_.mov(a64::x0, gp(kThreadState));
    a_.mov(a64::x1, gp(kFrame));
    emitLeaveFrame();
    emitJumpAbsolute(runtime_.resume);
}

void A64Emitter::emitObserveTail(const Label& tail, bool withFloats) {
    const uint64_t gpKept =
        (usedRegisters(lir::RegClass::kInt) & target_.gpCallerSaved) | uint64_t{1} << kLink;
    const uint64_t fpUsed = withFloats ? usedRegisters(lir::RegClass::kFloat) : 0;
    const uint64_t fpKept = fpUsed & target_.fpCallerSaved;
    const auto gpSlot = [](int reg) { return a64::ptr(a64::sp, 8 * reg); };
    const auto fpSlot = [](int reg) { return a64::ptr(a64::sp, kSaveAreaFp + 8 * reg); };
    a_.bind(tail);
    a_.sub(a64::sp, a64::sp, imm(kSaveAreaBytes));
    forEachBit(usedRegisters(lir::RegClass::kInt) | gpKept,
               [&](int reg) { a_.str(gp(reg), gpSlot(reg)); });
    forEachBit(fpUsed, [&](int reg) { a_.str(fp(reg), fpSlot(reg)); });
    a_.mov(a64::x5, gp(kScratch2));
    a_.mov(a64::w3, gpw(kScratch));
    emitMachineState();
    emitCallAbsolute(runtime_.observe);
    emitMoveGp(kScratch, 0);
    forEachBit(gpKept, [&](int reg) { a_.ldr(gp(reg), gpSlot(reg)); });
    forEachBit(fpKept, [&](int reg) { a_.ldr(fp(reg), fpSlot(reg)); });
    a_.add(a64::sp, a64::sp, imm(kSaveAreaBytes));
    a_.ret(gp(kLink));
}

void A64Emitter::emitFrameStore(const FrameStore& store) {
    int value = kScratch;
    if (store.value.kind == Place::kRegister)
        value = store.value.index;
    else if (store.value.kind == Place::kSpill)
        a_.ldr(gp(kScratch), spill(store.value.index));
    else
        emitLoadImm(kScratch, static_cast<uint64_t>(store.imm));
    a_.str(gp(value), address(gp(kFrame), store.disp, 8));
}

void A64Emitter::emitPlainTail(const Label& tail) {
    const Label found = a_.newLabel();
    a_.bind(tail);
    a_.ldr(gp(kScratch), a64::ptr(gp(kScratch), runtime_.classOffset));
    for (uint64_t address : runtime_.plainClasses) {
        emitLoadImm(kScratch2, address);
        a_.cmp(gp(kScratch), gp(kScratch2));
        if (address != runtime_.plainClasses.back())
            a_.b_eq(found);
    }
    a_.bind(found);
    a_.ret(gp(kLink));
}

} // namespace pyston::cpu
