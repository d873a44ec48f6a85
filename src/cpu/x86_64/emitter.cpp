// x86-64: the native frame, moves, calls and exits.
#include "cpu/x86_64/emitter.h"

#include <cassert>
#include <cstddef>
#include <limits>

namespace pyston::cpu {

using namespace x64;
using asmjit::imm;
using asmjit::Label;
using regalloc::Move;
using regalloc::Place;
namespace x86 = asmjit::x86;

namespace {

// Exit stubs hand the record's index to the tail in eax.
constexpr int kSaveAreaGp = 0;
constexpr int kSaveAreaFp = 16 * 8;
constexpr int kMachineState = 2 * 16 * 8;
constexpr int kSaveAreaBytes = kMachineState + 32; // MachineState is 24 bytes; keeps rsp aligned
static_assert(sizeof(exits::MachineState) == 24);

template<typename F> void forEachBit(uint64_t mask, F f) {
    for (; mask != 0; mask &= mask - 1)
        f(__builtin_ctzll(mask));
}

} // namespace

X64Emitter::X64Emitter(const lir::Function& fn, const regalloc::Allocation& allocation,
                       const RuntimeAddresses& runtime, uint64_t base, const void* blob,
                       bool wantListing)
    : Emitter(x86_64(), fn, allocation, runtime, base, blob, wantListing) {
    attach(asmjit::Arch::kX64, a_);
    saved_ = {kThreadState, kFrame};
    const uint64_t used = usedRegisters(lir::RegClass::kInt);
    for (int reg : {kRbx, kR14, kR15})
        if (used & bit(reg))
            saved_.push_back(reg);
    outgoingBytes_ = fn.outgoingBytes > 0 ? ((fn.outgoingBytes + 7) & ~7) + 8 : 0;
    const int bytes =
        static_cast<int>(saved_.size()) * 8 + allocation.numSpills * 8 + outgoingBytes_;
    frameBytes_ = (bytes + 15) & ~15;
}

X64Emitter::Gp X64Emitter::gp(const Place& place) {
    assert(place.kind == Place::kRegister);
    return gp(place.index);
}

X64Emitter::Xmm X64Emitter::xmm(const Place& place) {
    assert(place.kind == Place::kRegister);
    return xmm(place.index);
}

X64Emitter::Mem X64Emitter::spill(int slot) const {
    const int base = outgoingBytes_ - frameBytes_; // of slot 0, from rbp
    return x86::qword_ptr(x86::rbp, base + 8 * slot);
}

X64Emitter::Mem X64Emitter::outgoing(int64_t offset) const {
    return x86::qword_ptr(x86::rsp, static_cast<int32_t>(8 + offset));
}

void X64Emitter::emitPrologue() {
    a_.push(x86::rbp);
    a_.mov(x86::rbp, x86::rsp);
    for (int reg : saved_)
        a_.push(gp(reg));
    const int rest = frameBytes_ - static_cast<int>(saved_.size()) * 8;
    if (rest > 0)
        a_.sub(x86::rsp, rest);
    a_.mov(gp(kThreadState), x86::rdi);
    a_.mov(gp(kFrame), x86::rsi);
    a_.jmp(x86::rdx);
}

void X64Emitter::emitLeaveFrame() {
    const int rest = frameBytes_ - static_cast<int>(saved_.size()) * 8;
    if (rest > 0)
        a_.add(x86::rsp, rest);
    for (auto it = saved_.rbegin(); it != saved_.rend(); ++it)
        a_.pop(gp(*it));
    a_.pop(x86::rbp);
}

void X64Emitter::finish(EmittedCode& out) {
    out.frameSize = static_cast<uint32_t>(frameBytes_ + 16);
    auto advance = [&](int bytes) { out.unwindInfo.push_back(static_cast<uint8_t>(0x40 | bytes)); };
    auto savedAt = [&](int dwarfRegister, int slot) {
        out.unwindInfo.push_back(static_cast<uint8_t>(0x80 | dwarfRegister));
        out.unwindInfo.push_back(static_cast<uint8_t>(slot)); // times -8, from the CFA
    };
    advance(1); // push rbp
    out.unwindInfo.insert(out.unwindInfo.end(), {0x0e, 16});
    savedAt(6, 2);
    advance(3); // mov rbp, rsp
    out.unwindInfo.insert(out.unwindInfo.end(), {0x0d, 6});
    for (size_t i = 0; i < saved_.size(); ++i) {
        advance(saved_[i] >= 8 ? 2 : 1);
        // DWARF numbers rbx as 3 and r8 to r15 as the encodings do.
        savedAt(saved_[i], static_cast<int>(i) + 3);
    }
}

// --- moves

void X64Emitter::emitMoveGp(int to, int from) {
    if (to != from)
        a_.mov(gp(to), gp(from));
}

void X64Emitter::emitMoveFp(int to, int from) {
    if (to != from)
        a_.movaps(xmm(to), xmm(from));
}

void X64Emitter::emitMove(const Move& move) {
    const Place& from = move.from;
    const Place& to = move.to;
    if (from == to || from.kind == Place::kNone || to.kind == Place::kNone)
        return;
    const bool isFloat = move.cls == lir::RegClass::kFloat;
    if (from.kind == Place::kRegister && to.kind == Place::kRegister) {
        isFloat ? emitMoveFp(to.index, from.index) : emitMoveGp(to.index, from.index);
    } else if (from.kind == Place::kRegister) {
        if (isFloat)
            a_.movsd(spill(to.index), xmm(from));
        else
            a_.mov(spill(to.index), gp(from));
    } else if (to.kind == Place::kRegister) {
        if (isFloat)
            a_.movsd(xmm(to), spill(from.index));
        else
            a_.mov(gp(to), spill(from.index));
    } else {
        // Not gpScratch: it may hold a value of the parallel move.
        a_.mov(x86::rcx, spill(from.index));
        a_.mov(spill(to.index), x86::rcx);
    }
}

void X64Emitter::emitLoadImm(int reg, uint64_t value) {
    if (value <= std::numeric_limits<uint32_t>::max())
        a_.mov(x86::gpd(static_cast<uint32_t>(reg)), imm(static_cast<uint32_t>(value)));
    else
        a_.mov(gp(reg), imm(static_cast<int64_t>(value)));
}

void X64Emitter::emitJump(const Label& label) {
    a_.jmp(label);
}

// --- calls

bool X64Emitter::isNear(uint64_t address) const {
    // The margin covers the size of the function's own code.
    constexpr int64_t kReach = (int64_t{1} << 31) - (int64_t{1} << 26);
    const auto distance = static_cast<int64_t>(address - base_);
    return distance > -kReach && distance < kReach;
}

void X64Emitter::emitCallAbsolute(uint64_t address) {
    const uint64_t cell =
        !isNear(address) && runtime_.nearCell != nullptr ? runtime_.nearCell(address) : 0;
    if (isNear(address)) {
        a_.call(imm(address));
    } else if (cell != 0 && isNear(cell)) {
        a_.call(x86::ptr_rel(cell, sizeof(uint64_t)));
    } else {
        emitLoadImm(kRax, address);
        a_.call(x86::rax);
    }
}

void X64Emitter::emitJumpAbsolute(uint64_t address) {
    if (isNear(address)) {
        a_.jmp(imm(address));
    } else {
        emitLoadImm(kRax, address);
        a_.jmp(x86::rax);
    }
}

int X64Emitter::emitSaveLive(const InstrPlaces& places, bool save) {
    uint64_t gpMask = places.liveGpAcross & target_.gpCallerSaved;
    uint64_t fpMask = places.liveFpAcross & target_.fpCallerSaved;
    const int count = __builtin_popcountll(gpMask) + __builtin_popcountll(fpMask);
    const int bytes = (count * 8 + 15) & ~15;
    if (bytes == 0)
        return 0;
    if (save)
        a_.sub(x86::rsp, bytes);
    int offset = 0;
    forEachBit(gpMask, [&](int reg) {
        const Mem slot = x86::qword_ptr(x86::rsp, offset);
        save ? a_.mov(slot, gp(reg)) : a_.mov(gp(reg), slot);
        offset += 8;
    });
    forEachBit(fpMask, [&](int reg) {
        const Mem slot = x86::qword_ptr(x86::rsp, offset);
        save ? a_.movsd(slot, xmm(reg)) : a_.movsd(xmm(reg), slot);
        offset += 8;
    });
    if (!save)
        a_.add(x86::rsp, bytes);
    return bytes;
}

// --- exits

// There are hundreds, hardly ever taken: four bytes each. A group's last instructions are as far
// away as a short jump reaches, and complete what its members have put into al.
void X64Emitter::emitExitStubs(std::span<const ExitStub> stubs, const Label& tail) {
    constexpr size_t kMostInGroup = 30;
    while (!stubs.empty()) {
        const uint32_t first = stubs.front().record;
        size_t count = 0;
        while (count < std::min(stubs.size(), kMostInGroup) && stubs[count].record - first < 256)
            ++count;
        const Label rest = a_.newLabel();
        for (const ExitStub& stub : stubs.first(count)) {
            a_.bind(stub.label);
            a_.mov(x86::al, imm(stub.record - first));
            if (&stub != &stubs[count - 1])
                a_.short_().jmp(rest);
        }
        a_.bind(rest);
        a_.movzx(x86::eax, x86::al);
        if (first != 0)
            a_.add(x86::eax, imm(first));
        a_.jmp(tail);
        stubs = stubs.subspan(count);
    }
}

// The arguments that exits and observations share, of registers saved at rsp.
void X64Emitter::emitMachineState() {
    const auto field = [](size_t offset) {
        return x86::qword_ptr(x86::rsp, kMachineState + static_cast<int>(offset));
    };
    a_.mov(field(offsetof(exits::MachineState, gp)), x86::rsp);
    static_assert(kSaveAreaGp == 0);
    a_.lea(x86::rax, x86::ptr(x86::rsp, kSaveAreaFp));
    a_.mov(field(offsetof(exits::MachineState, fp)), x86::rax);
    a_.lea(x86::rax, spill(0));
    a_.mov(field(offsetof(exits::MachineState, spills)), x86::rax);
    a_.mov(x86::rdi, gp(kThreadState));
    a_.mov(x86::rsi, gp(kFrame));
    emitLoadImm(kRdx, reinterpret_cast<uint64_t>(blob_));
    a_.lea(x86::r8, x86::ptr(x86::rsp, kMachineState));
}

void X64Emitter::emitExitTail(const Label& tail) {
    a_.bind(tail);
    a_.sub(x86::rsp, kSaveAreaBytes);
    forEachBit(exitRegisters(lir::RegClass::kInt),
               [&](int reg) { a_.mov(x86::qword_ptr(x86::rsp, kSaveAreaGp + 8 * reg), gp(reg)); });
    forEachBit(exitRegisters(lir::RegClass::kFloat), [&](int reg) {
        a_.movsd(x86::qword_ptr(x86::rsp, kSaveAreaFp + 8 * reg), xmm(reg));
    });
    a_.mov(x86::ecx, x86::eax); // the fourth argument
    emitMachineState();
    emitCallAbsolute(runtime_.materialize);
    a_.mov(x86::rdi, gp(kThreadState));
    a_.mov(x86::rsi, gp(kFrame));
    a_.mov(x86::rdx, x86::rax);
    a_.add(x86::rsp, kSaveAreaBytes);
    emitLeaveFrame();
    emitJumpAbsolute(runtime_.resume);
}

void X64Emitter::emitObserveTail(const Label& tail, bool withFloats) {
    const uint64_t gpKept = usedRegisters(lir::RegClass::kInt) & target_.gpCallerSaved;
    const uint64_t fpUsed = withFloats ? usedRegisters(lir::RegClass::kFloat) : 0;
    const uint64_t fpKept = fpUsed & target_.fpCallerSaved;
    const auto gpSlot = [](int reg) { return x86::qword_ptr(x86::rsp, kSaveAreaGp + 8 * reg); };
    const auto fpSlot = [](int reg) { return x86::qword_ptr(x86::rsp, kSaveAreaFp + 8 * reg); };
    constexpr int kBytes = kSaveAreaBytes + 8; // with the return address a multiple of 16
    a_.bind(tail);
    a_.sub(x86::rsp, kBytes);
    forEachBit(usedRegisters(lir::RegClass::kInt) | gpKept,
               [&](int reg) { a_.mov(gpSlot(reg), gp(reg)); });
    forEachBit(fpUsed, [&](int reg) { a_.movsd(fpSlot(reg), xmm(reg)); });
    a_.mov(x86::r9, x86::rcx);
    a_.mov(x86::ecx, x86::eax);
    emitMachineState();
    emitCallAbsolute(runtime_.observe);
    forEachBit(gpKept, [&](int reg) { a_.mov(gp(reg), gpSlot(reg)); });
    forEachBit(fpKept, [&](int reg) { a_.movsd(xmm(reg), fpSlot(reg)); });
    a_.add(x86::rsp, kBytes);
    a_.ret();
}

void X64Emitter::emitFrameStore(const FrameStore& store) {
    const Mem slot = x86::qword_ptr(gp(kFrame), store.disp);
    if (store.value.kind == Place::kRegister)
        return void(a_.mov(slot, gp(store.value.index)));
    if (store.value.kind == Place::kSpill)
        a_.mov(x86::rax, spill(store.value.index));
    else if (store.imm == static_cast<int32_t>(store.imm))
        return void(a_.mov(slot, imm(store.imm)));
    else
        emitLoadImm(kRax, static_cast<uint64_t>(store.imm));
    a_.mov(slot, x86::rax);
}

void X64Emitter::emitPlainTail(const Label& tail) {
    const Label found = a_.newLabel();
    a_.bind(tail);
    a_.mov(x86::rax, x86::qword_ptr(x86::rcx, runtime_.classOffset));
    for (uint64_t address : runtime_.plainClasses) {
        emitLoadImm(kRcx, address);
        a_.cmp(x86::rax, x86::rcx);
        if (address != runtime_.plainClasses.back())
            a_.je(found);
    }
    a_.bind(found);
    a_.ret();
}

} // namespace pyston::cpu
