// Executes HIR over MiniWorld, as lowered code would: before reference counts were inserted without
// any, after that with all of them, using memory of the frame as the graph says.
#pragma once

#include "hir/hir.h"
#include "mini_program.h"

#include <variant>

namespace pyston::mini {

class Evaluator {
  public:
    // `frameInMemory`: placeFrameStores has run, so that who looks at the frame sees the first of
    // World::frames. The interpreter runs what is called.
    Evaluator(const hir::Function& fn, World& world, Interpreter& interpreter, bool frameInMemory)
        : fn_(fn), world_(world), interpreter_(interpreter), frameInMemory_(frameInMemory) {}

    // Returns the result, or null with `exitIndex` and World::frames set when it left to the
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
    Value callFunction(const hir::Instr* instr);
    void observe(const hir::Instr* instr);
    // Completes the frame's memory as the exit references say, as a rare observation does, and
    // makes those of inlined calls.
    void show(const hir::Instr* instr);
    // The frames of a state's inlined calls, for showing only.
    void showInlined(const hir::FrameState* innermost);
    void leave(const hir::Instr* instr);
    // A frame with what the state holds; who owns it then is said by `actions`, from `*next` on.
    Frame makeFrame(const hir::FrameState* state,
                    const std::vector<hir::ExitReferences::Action>* actions, size_t* next);
    Frame& outermost() { return world_.frames[0]; }

    Value& at(const hir::Instr* value) { return values_[static_cast<size_t>(value->id())]; }
    Object* object(const hir::Instr* value) { return world_.alive(std::get<Object*>(at(value))); }
    int64_t integer(const hir::Instr* value) { return std::get<int64_t>(at(value)); }
    double real(const hir::Instr* value) { return std::get<double>(at(value)); }
    bool boolean(const hir::Instr* value) { return std::get<bool>(at(value)); }
    // As an object; unboxed values become new boxes.
    Object* box(const hir::Instr* value, bool* fresh);
    // The same, for showing only.
    Object* shown(const hir::Instr* value);

    struct Left {};
    const hir::Function& fn_;
    World& world_;
    Interpreter& interpreter_;
    bool frameInMemory_;
    std::vector<Value> values_;
    std::string current_; // the instruction, for failures
};

} // namespace pyston::mini
