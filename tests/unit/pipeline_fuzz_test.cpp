// Random programs: interpreted, and compiled with the interpreter taking over at each exit, they
// must do the same. After each pass everything that is called and seen is compared; once reference
// counts are in, also which object dies when, what a finalizer sees of the frame, and that no
// reference is lost.
#include "mini_evaluator.h"
#include "passes/constants.h"
#include "passes/passes.h"

#include <gtest/gtest.h>

#include <cstdlib>

namespace pyston::mini {
namespace {

struct Outcome {
    std::vector<std::string> trace;
    std::string result;
    std::string exitedAt;
    size_t framesLeft = 0; // by compiled code: more than one in inlined calls
};

// The arguments; the caller keeps a reference to every other one.
std::vector<Object*> makeArguments(World& world, const Program& program, uint64_t seed) {
    std::vector<Object*> kept;
    std::vector<Object*>& slots = world.frames[0].slots;
    slots.assign(static_cast<size_t>(program.numSlots), nullptr);
    for (int i = 0; i < program.numArguments; i++) {
        Object* argument = nullptr;
        uint64_t h = hash(seed * 7 + static_cast<uint64_t>(i));
        switch (h % 8 == 0 ? h / 8 % 6 : static_cast<uint64_t>(i)) {
        case 0:
            argument = world.make(Object::kList);
            argument->items = {world.newInstance(), world.make(Object::kInt, 5), world.none()};
            break;
        case 1:
            argument = world.newInstance();
            break;
        case 4:
            argument = world.make(Object::kCell);
            argument->items = {world.newInstance()};
            break;
        case 5:
            argument = world.make(Object::kTuple);
            argument->items = {world.newInstance(), world.make(Object::kInt, 1),
                               world.newInstance()};
            break;
        default:
            argument = world.make(Object::kInt, static_cast<int64_t>(hash(seed + 11) % 9) - 2);
        }
        slots[static_cast<size_t>(i)] = argument;
        if (i % 2) {
            kept.push_back(world.incref(argument));
        }
    }
    return kept;
}

Outcome finish(World& world, Object* result, std::vector<Object*> held) {
    Outcome outcome;
    outcome.result = world.describe(world.alive(result));
    held.push_back(result);
    if (world.counting) {
        world.audit(held);
    }
    outcome.trace = std::move(world.trace);
    return outcome;
}

Outcome interpret(const Program& program, uint64_t seed, bool counting) {
    World world(seed, counting);
    std::vector<Object*> held = makeArguments(world, program, seed);
    Object* result = Interpreter(program, world).run(0);
    return finish(world, result, std::move(held));
}

// Interprets up to `start`, then runs compiled code from there.
Outcome execute(const Program& program, const hir::Function& fn, int start, uint64_t seed,
                bool counting, bool frameInMemory) {
    World world(seed, counting);
    std::vector<Object*> held = makeArguments(world, program, seed);
    Interpreter interpreter(program, world);
    Object* result = start == 0 ? nullptr : interpreter.run(0, start);
    std::string exitedAt;
    size_t framesLeft = 0;
    if (!result) {
        const hir::Block* entry = nullptr;
        for (const hir::Block* block : fn.blocks()) {
            if (block->isEntry() && (block->entryOffset() == start * 2 || (start == 0 && !entry))) {
                entry = block;
            }
        }
        Evaluator evaluator(fn, world, interpreter, frameInMemory);
        result = evaluator.run(entry);
        exitedAt = evaluator.exitedAt;
        framesLeft = world.frames.size();
        if (!result) {
            result = interpreter.run(evaluator.exitIndex);
        }
    }
    Outcome outcome = finish(world, result, std::move(held));
    outcome.exitedAt = exitedAt;
    outcome.framesLeft = framesLeft;
    return outcome;
}

std::string difference(const Outcome& expected, const Outcome& actual) {
    for (size_t i = 0; i < std::max(expected.trace.size(), actual.trace.size()); i++) {
        std::string a = i < expected.trace.size() ? expected.trace[i] : "(nothing)";
        std::string b = i < actual.trace.size() ? actual.trace[i] : "(nothing)";
        if (a != b) {
            return "event " + std::to_string(i) + ": expected " + a + ", got " + b;
        }
    }
    return expected.result == actual.result
               ? ""
               : "result: expected " + expected.result + ", got " + actual.result;
}

class Case {
  public:
    explicit Case(uint32_t seed) : seed_(seed), random_(seed), program_(randomProgram(random_)) {
        for (int i = 0; i < static_cast<int>(program_.code.size()); i++) {
            const Code& code = program_.code[static_cast<size_t>(i)];
            const bool isBackward = code.target >= 0 && code.target <= i;
            if (isBackward && random_() % 3 == 0) {
                entries_.push_back(code.target);
            }
        }
        std::sort(entries_.begin(), entries_.end());
        entries_.erase(std::unique(entries_.begin(), entries_.end()), entries_.end());
        std::erase(entries_, 0);
    }

    std::string run() {
        std::unique_ptr<hir::Function> fn = buildGraph(program_, entries_);
        std::string problem = check(*fn, "build");
        for (const passes::Pass& pass : passes::pipeline()) {
            if (!problem.empty()) {
                break;
            }
            if (pass.optional && random_() % 8 == 0) {
                continue;
            }
            before_ = hir::print(*fn);
            pass.run(*fn);
            counting_ |= pass.name == "reference-counts";
            inMemory_ |= pass.name == "frame-stores";
            problem = check(*fn, pass.name);
        }
        return problem;
    }
    int exits() const { return exits_; }
    int inlinedExits() const { return inlinedExits_; }
    int runs() const { return runs_; }

  private:
    std::string check(const hir::Function& fn, std::string_view stage) {
        std::string problem = hir::verify(fn);
        std::string where = "verifier";
        for (uint64_t input = 0; input < 4 && problem.empty(); input++) {
            uint64_t seed = seed_ * 131 + input;
            std::vector<int> starts = entries_;
            starts.push_back(0);
            for (int start : starts) {
                try {
                    Outcome actual = execute(program_, fn, start, seed, counting_, inMemory_);
                    problem = difference(interpret(program_, seed, counting_), actual);
                    where = "entry " + std::to_string(start) + ", input " + std::to_string(input) +
                            ", left at " + actual.exitedAt;
                    exits_ += !actual.exitedAt.empty();
                    inlinedExits_ += !actual.exitedAt.empty() && actual.framesLeft > 1;
                    runs_++;
                } catch (const Failure& failure) {
                    problem = failure.what();
                }
                if (!problem.empty()) {
                    break;
                }
            }
        }
        if (problem.empty()) {
            return "";
        }
        return "seed " + std::to_string(seed_) + " after " + std::string(stage) + " (" + where +
               "): " + problem + "\n" + toText(program_) + "--- before\n" + before_ +
               "--- after\n" + hir::print(fn);
    }

    uint32_t seed_;
    std::mt19937 random_;
    Program program_;
    std::vector<int> entries_;
    std::string before_;
    bool counting_ = false;
    bool inMemory_ = false;
    int exits_ = 0;
    int inlinedExits_ = 0;
    int runs_ = 0;
};

TEST(PipelineFuzz, CompiledProgramsDoWhatInterpretedOnesDo) {
    passes::setConstantValues({.intValue = [](pyston::Object* object) -> std::optional<int64_t> {
                                   return intAtAddress(reinterpret_cast<intptr_t>(object));
                               },
                               .floatValue =
                                   [](pyston::Object* object) {
                                       return floatAtAddress(reinterpret_cast<intptr_t>(object));
                                   },
                               .zeroOf = [](hir::ExactClass c) -> pyston::Object* {
                                   const int64_t address =
                                       c == hir::ExactClass::kInt     ? addressOfInt(0)
                                       : c == hir::ExactClass::kFloat ? addressOfFloat(0)
                                                                      : 0;
                                   return reinterpret_cast<pyston::Object*>(address);
                               }});
    // PYSTON_FUZZ_SEED: the first seed; PYSTON_FUZZ_COUNT: how many.
    const char* first = std::getenv("PYSTON_FUZZ_SEED");
    const char* count = std::getenv("PYSTON_FUZZ_COUNT");
    uint32_t seed = first ? static_cast<uint32_t>(std::strtoul(first, nullptr, 10)) : 1;
    int remaining = count ? std::atoi(count) : 300;
    int runs = 0;
    int exits = 0;
    int inlinedExits = 0;
    int failures = 0;
    for (; remaining > 0 && failures < 3; remaining--, seed++) {
        Case one(seed);
        std::string problem = one.run();
        EXPECT_EQ(problem, "");
        failures += !problem.empty();
        runs += one.runs();
        exits += one.exits();
        inlinedExits += one.inlinedExits();
    }
    // Both ways out must have been tried.
    EXPECT_GT(exits, runs / 20);
    EXPECT_LT(exits, runs);
    EXPECT_GT(inlinedExits, runs / 1000);
    passes::setConstantValues({});
}

} // namespace
} // namespace pyston::mini
