// What is known of a code object before its graph is built: basic blocks, the depth of the value
// stack, which of its positions may be NULL, and which locals are certainly bound.
#pragma once

#include "build/bytecode.h"

#include <cstdint>
#include <memory>
#include <span>
#include <string>
#include <vector>

namespace pyston::build {

// How an instruction changes the value stack.
struct StackEffect {
    int needs; // positions that it reads or moves, from the top
    int pops;  // positions that it takes away or replaces
    int pushes;
};
// `jumps`: the effect on the way to the jump's target.
StackEffect stackEffect(const Instr& instr, bool jumps);

bool endsBlock(Op op);    // control may go elsewhere than to the following instruction
bool fallsThrough(Op op); // compiled code may go on with the following instruction
bool mayJump(Op op);      // `target` is meaningful

// A dense set of small integers.
class BitSet {
  public:
    explicit BitSet(int size = 0) : words_((static_cast<size_t>(size) + 63) / 64) {}
    bool contains(int i) const { return words_[static_cast<size_t>(i) / 64] >> (i % 64) & 1; }
    void add(int i) { words_[static_cast<size_t>(i) / 64] |= uint64_t{1} << (i % 64); }
    void remove(int i) { words_[static_cast<size_t>(i) / 64] &= ~(uint64_t{1} << (i % 64)); }
    void addAll(const BitSet& other);
    bool intersect(const BitSet& other); // returns true when something was removed
    void fill();

  private:
    std::vector<uint64_t> words_;
};

struct BytecodeBlock {
    int first = 0, last = 0;           // indices of instructions, inclusive
    int fallthrough = -1, target = -1; // blocks where compiled code may go next
    int ended = -1;                    // the same, for the SEND of an `async for`: behind the loop
    // At the block's start, on every path of the interpreter (exceptions included):
    bool reached = false;
    BitSet bound;                   // slots that are not NULL
    std::vector<uint8_t> mayBeNull; // per stack position
    int depth() const { return static_cast<int>(mayBeNull.size()); }
    // Filled from the block's own instructions:
    int minDepth = 0;         // stack positions below are not touched
    std::vector<int> assigns; // slots that it stores to or unbinds (may repeat)
};

struct Flow {
    std::vector<BytecodeBlock> blocks; // by offset
    std::vector<int> blockOf;          // per instruction
    std::vector<uint8_t> isParameter;  // per slot: bound at the function's start
};

// Returns null and sets `failure` when the bytecode is inconsistent. `entries` are byte offsets
// that have to start blocks.
std::unique_ptr<Flow> analyzeFlow(const Bytecode& code, std::span<const int> entries,
                                  std::string* failure);

} // namespace pyston::build
