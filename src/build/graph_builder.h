// The abstract interpreter behind buildGraph(). One member function per bytecode, in files by
// family.
#pragma once

#include "build/build_graph.h"
#include "build/flow.h"
#include "hir/hir.h"
#include "runtime/helpers.h"

#include <array>
#include <functional>
#include <initializer_list>
#include <map>
#include <span>
#include <string>
#include <tuple>
#include <unordered_map>
#include <utility>
#include <vector>

namespace pyston::build {

// "Instr" is a bytecode instruction in this namespace; in HIR an instruction is a value.
using Value = hir::Instr;

// The nearest value that both are refinements of, or null.
Value* commonValue(Value* a, Value* b);
// The value behind refinements.
const Value* rootValue(const Value* value);

// The interpreter's frame as SSA values; a null pointer stands for NULL.
struct Environment {
    std::vector<Value*> slots;
    std::vector<Value*> stack;
};

// The classes of variables at loop headers, as far as they are known: by block, whether on the
// stack, and index.
using HeaderTypes = std::map<std::tuple<int, bool, size_t>, hir::ExactClass>;

class GraphBuilder {
  public:
    // `assumed`: loop headers' variables that are taken to have these classes. If `assumesMore`,
    // the others are taken to keep in the loop what they have before it. assumptionsHold() says of
    // the finished graph whether all that was right.
    GraphBuilder(const BuildRequest& request, const Flow& flow, hir::Function& fn,
                 HeaderTypes assumed, bool assumesMore);
    // A call that is built into its caller's graph (build_inline.cpp).
    struct Inlining {
        hir::FrameState* caller; // at the call, its operands popped
        const hir::InlinedFunction* function;
        Value* callee;         // the function object, known to be the one
        const Inlining* outer; // null: the caller is the compiled function itself
        int depth;
        int* budget; // bytecode instructions that may still be inlined
    };
    GraphBuilder(const BuildRequest& request, const Flow& flow, hir::Function& fn,
                 const Inlining& inlining);
    // Returns an empty string, or why the code cannot be compiled.
    std::string run();
    bool assumptionsHold() const;
    const HeaderTypes& assumed() const { return assumed_; }
    // What the finished graph shows of its loops, if entries into them are guarded.
    HeaderTypes headerTypes() const;

    // --- attributes of objects of several classes (build_shapes.cpp)
    struct Shape : runtime::SiteProfile::Shape {
        host::AttributeAccess access;
    };

  private:
    struct BlockData {
        hir::Block* hir = nullptr;
        bool built = false;
        bool isHeader = false; // some predecessor is built later
        int order = -1;        // in reverse postorder; -1: not reachable from the entries
        int numPreds = 0;      // entries included
        std::vector<int> preds;
        bool hasEntry = false;
        std::vector<std::pair<hir::Block*, Environment>> incoming; // until it is built
        // Headers: where the loop may change the frame.
        BitSet changed;
        int changedFrom = 0; // stack position
        struct HeaderPhi {
            Value* phi;
            bool onStack;
            size_t index;
        };
        std::vector<HeaderPhi> phis;
    };

    // --- control-flow graph (build_graph.cpp)
    bool isLeftCold(const Instr& in) const;
    bool endsCold(const BytecodeBlock& block) const;
    void orderBlocks();
    void findLoops();
    void walkLoop(int header);
    void buildEntry(int blockIndex, int offset, bool functionStart);
    void loadEntryState(const BytecodeBlock& at, bool functionStart, Environment& env,
                        hir::FrameState& raw);
    void buildBlock(int blockIndex);
    void beginBlock(int blockIndex);
    void beginHeader(int blockIndex, std::vector<std::pair<hir::Block*, Environment>>& incoming);
    int buildInstr(const Instr& in);
    void expectIterator(int blockIndex,
                        const std::vector<std::pair<hir::Block*, Environment>>& incoming,
                        std::vector<Value*>& values);
    Value* guardEntryLoad(Value* value, hir::ExactClass c);
    hir::ExactClass commonClass(std::span<Value* const> values) const;
    hir::ExactClass seenClass(std::span<Value* const> values, size_t slot) const;
    bool isEntryLoad(const Value* value) const;
    hir::Block* hirBlock(int blockIndex);
    void addEdge(int blockIndex, hir::Block* from, const Environment& env);
    BlockData& data(int blockIndex) { return data_[static_cast<size_t>(blockIndex)]; }
    const BytecodeBlock& bytecodeBlock(int b) const { return flow_.blocks[static_cast<size_t>(b)]; }

    // --- inlining (build_inline.cpp)
    // What a call leaves to be checked after it.
    enum class After : uint8_t { kNothing, kTracing, kBreakerAndTracing };
    struct Called {
        Value* result = nullptr; // null: not a call that is known here
        After after = After::kNothing;
    };
    Called tryInline(Value* guarded, runtime::CodeData* callee, std::span<Value* const> args);
    bool buildInlined(hir::Block* start, std::span<Value* const> args);
    void returnInlined(Value* value);
    bool isBeingBuilt(const runtime::CodeData* data) const;

    // --- merging (phis.cpp)
    Value* merge(hir::Block* block, std::span<Value* const> values,
                 std::span<hir::Block* const> preds);
    Value* nullIn(hir::Block* block);
    void finishPhis();
    void removeTrivialPhis();
    // What a phi may be: some class (unless none was seen), perhaps NULL.
    struct Possible {
        bool seen = false;
        hir::ExactClass exact = hir::ExactClass::kUnknown;
        bool null = false;
        bool operator==(const Possible&) const = default;
    };
    enum class EntryLoads : uint8_t { kCount, kIgnore };
    std::vector<Possible> possibleTypes(EntryLoads loads) const;
    void inferPhiTypes();
    const Value* resolved(const Value* phi) const;
    void removeQuietDrops();

    // --- emission
    Value* emit(hir::Opcode op, hir::Type type, std::initializer_list<Value*> operands,
                int64_t imm = 0, hir::FrameState* state = nullptr);
    // With the result type of the operation's row.
    Value* emit(hir::Opcode op, std::initializer_list<Value*> operands, int64_t imm = 0,
                hir::FrameState* state = nullptr);
    Value* place(Value* instr, hir::FrameState* state);
    // Null operands become ConstNull.
    Value* helper(runtime::Helper h, std::span<Value* const> operands, int64_t imm2 = 0);
    Value* helper(runtime::Helper h, std::initializer_list<Value*> operands, int64_t imm2 = 0) {
        return helper(h, std::span<Value* const>(operands.begin(), operands.size()), imm2);
    }
    Value* constObject(Object* object);
    Value* constInt(int64_t value);
    Value* constDouble(double value);
    Value* none() { return constObject(facts().none); }
    Value* nameObject(int index);
    Value* boxBool(Value* truth);
    Value* boxInt(Value* value) {
        return emit(hir::Opcode::kBoxInt, hir::exactObject(hir::ExactClass::kInt), {value});
    }
    Value* boxDouble(Value* value) {
        return emit(hir::Opcode::kBoxDouble, hir::exactObject(hir::ExactClass::kFloat), {value});
    }
    Value* unboxInt(Value* value);
    Value* unboxDouble(Value* value); // of an int too
    static bool needsDrop(const Value* old);
    void drop(Value* old, hir::FrameState* after);
    void dropReplaced(Value* old, Value* owner);
    bool isLocal(const Value* value) const;
    void checkTracing(); // leave after this instruction when traced
    void checkTracingAt(const Instr& in, int targetOffset);
    void checkReleased(const Instr& in, const hir::Block* begun, size_t numBefore);
    bool letsGo(const Instr& in) const;
    void checkBreakerAndTracing(); // as the interpreter after calls
    void deopt();
    void raiseTerminator();
    void fail(std::string what);

    // --- the frame before and after the current bytecode instruction
    hir::FrameState* state();      // before
    hir::FrameState* stateAfter(); // as the environment is now; at the following instruction
    hir::FrameState* makeState(const Environment& env, int resumeOffset, int instrOffset);

    // --- the value stack
    Value* peek(int fromTop = 1) const {
        return env_.stack[env_.stack.size() - static_cast<size_t>(fromTop)];
    }
    Value* peekObject(int fromTop = 1) { return nonNull(peek(fromTop)); }
    Value* pop(); // may be null or nullable
    Value* popObject() { return nonNull(pop()); }
    std::vector<Value*> popObjects(int count); // lowest first
    void popMany(int count) { env_.stack.resize(env_.stack.size() - static_cast<size_t>(count)); }
    void push(Value* value) { env_.stack.push_back(value); }

    // --- refinement
    Value* nonNull(Value* value);
    Value* guardExact(Value* value, hir::ExactClass c);
    Value* guardTypeVersion(Value* value, uint32_t version);
    void refine(Value* from, Value* to);
    Value* current(Value* value) const; // after this instruction's refinements

    // --- branches
    bool isBackward(const Instr& in) const { return in.target < in.offset; }
    hir::Block* inNewBlock(const std::function<void()>& fill);
    void jumpTo(int blockIndex);
    hir::Block* edgeTo(int blockIndex, bool checkBreaker);
    void checkBreakerAt(const Instr& in);
    int targetOf(const Instr& in) const {
        return flow_.blockOf[static_cast<size_t>(code_.indexOf(in.target))];
    }
    int nextBlock() const { return currentBlock_ + 1; }
    void branch(hir::Opcode op, Value* value, hir::Block* first, hir::Block* second);

    // --- facts
    const Facts& facts() const { return request_.facts; }
    hir::ExactClass exactClassOf(Object* object) const;
    bool isConst(const Value* value) const {
        return value && (value->opcode() == hir::Opcode::kConstObject ||
                         value->opcode() == hir::Opcode::kConstWeak);
    }
    Object* constantOf(const Value* value) const; // null when not a constant
    std::optional<int64_t> intConstant(const Value* value) const;
    bool isHugeInt(const Value* value) const; // a constant that cannot be unboxed
    bool speculates(const Instr& in) const { return speculatesAt(in.offset); }
    bool speculatesAt(int offset) const { return !genericSites_.contains(offset); }

    // --- what the interpreter does not tell (probes.cpp)
    using Seen = std::array<hir::ExactClass, 3>; // operands, from the top of the stack
    hir::ExactClass likelyClass(const Value* value) const;
    bool localVaries(const Value* value) const;
    const Seen* probedOperands(const Instr& in) const;
    int64_t newProbe(const Instr& in);
    const Seen* seenOperands(const Instr& in);
    void askForIterator(const Instr& in, Value* next);
    bool guardNumbersSeen(const Instr& in, Value*& left, Value*& right);
    Value* guardSeen(const Instr& in, Value* value, std::initializer_list<hir::ExactClass> useful);

    // --- stack and locals (build_stack.cpp)
    bool buildStackOp(const Instr& in);
    void dropPopped(const Instr& in, std::initializer_list<Value*> values);
    void dropConsumed(const Instr& in);
    bool mayDie(const Value* value) const;
    hir::Block* checkedEdge(const Instr& in, int blockIndex, int offset, bool checkBreaker);
    void dropTested(const Instr& in, Value* value, Value* truth);
    bool mayRunCode(const Value* truth) const;
    bool isShownBefore(const Instr& in) const;
    bool isShownAt(const Instr& in, const Value* value) const;
    bool isOneOfSeveralPops(const Instr& in) const;
    void loadFast(const Instr& in);
    void storeFast(const Instr& in);
    Value* expectAsSeen(const Instr& in, Value* value);
    void deleteFast(const Instr& in);
    void loadDeref(const Instr& in);
    void storeDeref(const Instr& in);
    void deleteDeref(const Instr& in);
    void makeCell(const Instr& in);
    void copyFreeVars(const Instr& in);

    // --- operators (build_operators.cpp, build_compare.cpp)
    bool buildOperator(const Instr& in);
    void binaryOp(const Instr& in);
    Value* numericBinary(const Instr& in, Value* left, Value* right);
    Value* intBinary(const Instr& in, Value* left, Value* right);
    Value* intTrueDivide(Value* left, Value* right);
    Value* floatBinary(const Instr& in, Value* left, Value* right);
    Value* floatPower(Value* left, Value* right);
    Value* stringBinary(const Instr& in, Value* left, Value* right);
    int storedNext(const Instr& in) const;
    void guardWithinDoublePrecision(Value* value);
    void unaryOp(const Instr& in, runtime::Helper generic);
    void compareOp(const Instr& in);
    bool countsLevel(const Instr& in, const Value* left, const Value* right) const;
    Value* compareKnown(const Instr& in, Value* left, Value* right);
    Value* truth(const Instr& in, Value* value); // unboxed bool

    // --- attributes (build_attributes.cpp)
    bool buildAttribute(const Instr& in);
    void loadAttr(const Instr& in);
    Value* loadAttrFast(const Instr& in, Value* owner);
    Value* loadModuleAttr(const Instr& in, Value* owner);
    void storeAttr(const Instr& in);
    bool storeAttrFast(const Instr& in, Value* owner, Value* value);
    void loadMethod(const Instr& in);
    bool loadMethodFast(const Instr& in, Value* owner);
    hir::ExactClass ownerClassOf(Object* method) const;

    // --- attributes of objects of several classes (build_shapes.cpp)
    // One or two values, as the bytecode pushes them.
    using Pair = std::array<Value*, 2>;
    // Where paths of one instruction come together again, each with a pair of values.
    struct Join {
        hir::Block* block;
        std::vector<hir::Block*> preds{};
        std::array<std::vector<Value*>, 2> values{};
    };
    void endPath(Join& join, const Pair& values = {}); // the current block jumps there
    // From now on in its block; what the paths ended with, merged.
    Pair goOnAt(Join& join);
    // Goes on in a new block if so; returns the other one.
    hir::Block* enterIf(hir::Opcode branchOpcode, Value* condition);
    hir::Block* enterIf(Value* truth) { return enterIf(hir::Opcode::kBranch, truth); }
    struct Shapes {
        std::vector<Shape> known;
        bool complete = true; // no others were seen
    };
    Shapes shapesAt(const Instr& in, Value* owner,
                    host::AttributeAccess (*accessOf)(uint32_t typeVersion, Object* name));
    static Shapes shapesCalling(const runtime::SiteProfile& site,
                                const std::function<Object*(uint32_t typeVersion)>& functionOf);
    void noteFeedback(const Instr& in, Value* owner);
    bool isPolymorphic(const Instr& in, Value* owner);
    void noteShape(const Instr& in, Value* owner, runtime::SiteProfile::Shape shape);
    // What sites saw of an object, of which other sites may not have come to know yet.
    std::unordered_map<const Value*, std::vector<uint32_t>> shapesOf_;
    using Arm = std::function<Pair(const Shape&)>;
    Pair dispatch(Value* owner, const Shapes& shapes, const Arm& arm,
                  const std::function<Pair()>& others);
    Value* hinted(hir::Opcode op, std::initializer_list<Value*> operands, const Shape& shape);
    Pair orElse(Value* found, const std::function<Pair()>& others);
    Pair attributePair(Value* value) const;
    Pair methodPair(Value* function, Value* self);
    void guardNotHidden(Value* owner, const Shape& shape);
    Value* loadKnownField(Object* descriptor, int64_t offset, Object* known);
    Value* loadInstanceValue(Value* owner, const Shape& shape);
    Pair loadByShape(Value* owner, const Shape& shape, const std::function<Pair()>& others);
    Pair loadClassValue(const host::AttributeAccess& access, Value* type);
    bool mayRunCode(const Shape& shape) const;
    bool loadByShapes(const Instr& in, Value* owner);
    bool storeByShapes(const Instr& in, Value* owner, Value* value);
    Value* subscriptByShapes(const Instr& in, std::span<Value* const> args);

    // --- operators of classes made in Python (build_special_methods.cpp)
    Value* operatorByShapes(const Instr& in, Value* left, Value* right);
    Value* askLeft(const Instr& in, Object* method, Value* left, Value* right, bool isPlain);
    bool loadClassAttr(const Instr& in, Value* owner);
    Value* loadAttrGeneric(const Instr& in, Value* owner);
    Pair loadMethodGeneric(const Instr& in, Value* owner);
    int64_t newCache(const Instr& in);
    void storeAttrGeneric(const Instr& in, Value* owner, Value* value);

    // --- subscripts (build_subscripts.cpp)
    bool buildSubscript(const Instr& in);
    void binarySubscr(const Instr& in);
    hir::ExactClass indexedClass(const Instr& in, Value* container, Value* key);
    Value* numberForArray(const Instr& in, hir::ExactClass c, Value* value);
    void storeSubscr(const Instr& in);
    const Instr* sliceUser(const Instr& in) const;
    void subscriptBySlice(const Instr& build, const Instr& user);
    void unpackSequence(const Instr& in);
    hir::ExactClass unpackedClass(const Instr& in, Value* sequence) const;
    bool unpacksEither(const Instr& in, const Value* sequence) const;

    // --- names and imports (build_names.cpp)
    bool buildName(const Instr& in);
    void loadGlobal(const Instr& in, bool pushNull);
    Value* loadGlobalFast(const Instr& in);
    Value* frameGlobals();
    Value* frameBuiltins();
    Value* namesOfCallee(Object* dict, int64_t offset);
    Value* loadBuiltin(uint32_t globalsVersion, uint32_t version, int64_t index);
    // Loads entry `index` of a dict whose keys have this version; speculates that what is there
    // stays.
    Value* loadDictConstant(Value* dict, Object* known, uint32_t version, int64_t index);

    // --- calls (build_calls.cpp)
    bool buildCall(const Instr& in);
    void call(const Instr& in);
    hir::ExactClass instanceClassOf(const Value* callable) const;
    Called callOne(const Instr& in, Value* kwnames, Value* callable, std::span<Value* const> args);
    Called callAnyOf(const Instr& in, Value* kwnames, Value* callable,
                     std::span<Value* const> args);
    Called callKnown(const Instr& in, Value* kwnames, Value* callable,
                     std::span<Value* const> args);
    // A call of a function of which each parameter's value is known here.
    struct DirectCall {
        runtime::CodeData* callee = nullptr; // null: it is not
        host::CallBinding binding;           // unless the arguments are the parameters
    };
    DirectCall directCall(Object* function, size_t numArgs, Value* kwnames) const;
    Value* guardCallee(const DirectCall& call, Value* function);
    std::vector<Value*> parametersOf(const DirectCall& call, Value* function,
                                     std::span<Value* const> args);
    Called callDirect(Value* kwnames, Value* function, std::span<Value* const> args);
    Called construct(Value* kwnames, Value* callable, std::span<Value* const> args);
    Called callMadeHere(Value* function, std::span<Value* const> args);
    Called emitCallDirect(runtime::CodeData* callee, Value* function, std::span<Value* const> args);
    runtime::CodeData* directCallee(Object* code, size_t numArgs) const;
    Called callKnownBuiltin(Object* builtin, std::span<Value* const> args);
    Called callMath(const Instr& in, Object* function, std::span<Value* const> args);
    Called callBuiltinFunction(Value* callable, std::span<Value* const> args);
    Called callMethodDescriptor(Value* callable, std::span<Value* const> args);
    Called callClass(const Instr& in, Value* callable, std::span<Value* const> args);
    Called callRange(const Instr& in, std::span<Value* const> args);
    Value* absoluteInt(Value* value);
    Value* callLen(Value* value);
    void callFunctionEx(const Instr& in);
    void makeFunction(const Instr& in);

    // --- control (build_control.cpp)
    bool buildControl(const Instr& in);
    void popJump(const Instr& in);
    void jumpIfOrPop(const Instr& in);
    void forIter(const Instr& in);
    void forRange(const Instr& in, Value* iterator);
    void returnValue();

    // --- containers, exceptions, generators, match
    bool buildContainer(const Instr& in);
    void getIter(const Instr& in);
    bool buildException(const Instr& in);
    bool buildGenerator(const Instr& in);
    void send(const Instr& in);
    bool buildMatch(const Instr& in);

    const BuildRequest& request_;
    const Bytecode& code_;
    const Flow& flow_;
    HeaderTypes assumed_;
    bool assumesMore_;
    hir::Function& fn_;
    std::unordered_set<int> genericSites_;
    const Inlining* inlining_ = nullptr;
    bool observes_ = false; // inlined code does what has to see its frame
    std::vector<std::pair<hir::Block*, Value*>> returns_; // of inlined code
    int inlineBudget_ = 300;
    std::string failure_;

    std::vector<BlockData> data_;
    std::vector<int> order_;       // reverse postorder
    std::vector<Value*> phis_;     // all that were made
    std::vector<Value*> replaced_; // by id: what a trivial phi was replaced by, or null

    hir::Block* block_ = nullptr; // where instructions go; null after a terminator
    int currentBlock_ = -1;
    const Instr* instr_ = nullptr;
    Environment env_;
    std::vector<Value*> stackBefore_;
    hir::FrameState* state_ = nullptr;
    std::vector<std::pair<Value*, Value*>> refinements_;
    Seen seen_{}; // the last result of seenOperands() that no probe gave
};

} // namespace pyston::build
