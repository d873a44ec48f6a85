// Executes HIR over MiniWorld, as lowered code would: before reference counts were inserted without
// any, after that with all of them, using memory of the frame as the graph says.
#pragma once

#include "hir/hir.h"
#include "mini_program.h"

#include <variant>

namespace pyston::mini {

class Evaluator {
  public:
    // `frameInMemory`: placeFrameStores has run, so that who looks at the frame sees World::slots.
    Evaluator(const hir::Function& fn, World& world, bool frameInMemory)
        : fn_(fn), world_(world), frameInMemory_(frameInMemory) {}

    // Returns the result, or null with `exitIndex` and World::slots set when it left to the
    // interpreter.
    Object* run(const hir::Block* entry);
    int exitIndex = -1;
    std::string exitedAt;

  private:
    using Value = std::variant<std::monostate, Object*, int64_t, double, bool>;

    void enterBlock(const hir::Block* from, const hir::Block* to);
    Value evaluate(const hir::Instr* instr);
    Value evaluateGuard(const hir::Instr* instr);
    Value evaluateInt(const hir::Instr* instr);
    Value evaluateDouble(const hir::Instr* instr);
    Value evaluateMemory(const hir::Instr* instr);
    Value evaluateHelper(const hir::Instr* instr);
    Value evaluateLate(const hir::Instr* instr);
    void observe(const hir::Instr* instr);
    // Completes the frame's memory as the exit references say, as a rare observation does.
    void show(const hir::Instr* instr);
    void leave(const hir::Instr* instr);

    Value& at(const hir::Instr* value) { return values_[static_cast<size_t>(value->id())]; }
    Object* object(const hir::Instr* value) { return world_.alive(std::get<Object*>(at(value))); }
    int64_t integer(const hir::Instr* value) { return std::get<int64_t>(at(value)); }
    double real(const hir::Instr* value) { return std::get<double>(at(value)); }
    bool boolean(const hir::Instr* value) { return std::get<bool>(at(value)); }
    // As an object; unboxed values become new boxes.
    Object* box(const hir::Instr* value, bool* fresh);

    struct Left {};
    const hir::Function& fn_;
    World& world_;
    bool frameInMemory_;
    std::vector<Value> values_;
    std::string current_; // the instruction, for failures
};

} // namespace pyston::mini
