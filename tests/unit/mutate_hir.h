// Changes of an HIR function that keep most of its rules, so that a fuzzer gets past the verifier.
#pragma once

#include "hir/hir.h"

#include <cstdint>
#include <memory>
#include <random>
#include <string>
#include <string_view>
#include <vector>

namespace pyston::fuzz {

class HirMutator {
  public:
    HirMutator(hir::Function& fn, uint32_t seed) : fn_(fn), random_(seed) {}
    // Makes one to some changes.
    void run();

  private:
    uint32_t below(size_t n) { return n == 0 ? 0 : static_cast<uint32_t>(random_() % n); }
    bool oneIn(uint32_t n) { return below(n) == 0; }

    void mutateOnce();
    void changeOperand();
    void changeOpcode();
    void changeImmediate();
    void changeType();
    void changeState();
    void changeStateValue();
    void insertInstr();
    void insertPhi();
    void removeInstr();
    void moveInstr();
    void splitBlock();
    void addEdge();
    void changeTarget();
    void changeTerminator();
    void addEntry();

    hir::Block* anyBlock();
    hir::Instr* anyInstr();
    hir::FrameState* anyState(const hir::Block* block, size_t position);
    bool available(const hir::Instr* value, const hir::Block* block, size_t position) const;
    // A value of this kind (a signature character) that is there before `position`; made if there
    // is none. Moves `position` on then.
    hir::Instr* valueOf(char kind, hir::Block* block, size_t* position);
    hir::Instr* valueOfType(hir::Type type, hir::Block* block, size_t* position);
    hir::Instr* makeValue(hir::Rep rep, hir::Block* block, size_t* position);
    int64_t anyImmediate(hir::Opcode op, int64_t before);
    hir::Type anyType(hir::Opcode op, int64_t imm, const hir::Instr* first);
    size_t positionOf(const hir::Instr* instr) const;
    // Brings predecessors and the operands of phis in line with the edges.
    void repair();

    hir::Function& fn_;
    std::mt19937 random_;
    std::unique_ptr<hir::Dominators> dominators_;
};

// Text in, text out. Text that is no function stays as it is.
std::string mutateHir(std::string_view text, uint32_t seed);

} // namespace pyston::fuzz
