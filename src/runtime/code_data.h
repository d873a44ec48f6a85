// Per code object: compiled versions, counters, and what failed before.
#pragma once

#include "exits/exit_table.h"
#include "hir/type.h"
#include "runtime/hotness.h"
#include "runtime/loop_sample.h"
#include "support/fwd.h"

#include <algorithm>
#include <array>
#include <cstdint>
#include <deque>
#include <memory>
#include <string>
#include <unordered_map>
#include <unordered_set>
#include <vector>

namespace pyston::runtime {

struct CodeData;

inline constexpr int kCodeUnitBytes = 2; // the grain of bytecode offsets

// What is called with a frame that is linked already.
struct NativeEntry {
    const void* function; // Object* (ThreadState*, Frame*, const void* entry)
    const void* entry;
};

// Where the time of a compilation goes.
enum class Phase : uint8_t { kBuild, kPasses, kLower, kAllocate, kEmit };
inline constexpr size_t kNumPhases = 5;
using PhaseMicroseconds = std::array<uint32_t, kNumPhases>;

// One compiled version in executable memory.
struct CodeBlob {
    CodeData* owner = nullptr;
    uint8_t* base =
        nullptr; // the native function: Object* (ThreadState*, Frame*, const void* entry)
    size_t size = 0;
    uint32_t frameSize = 0;
    std::vector<std::pair<int32_t, const void*>>
        entries; // byte offset -> address, sorted by offset
    std::vector<exits::Record> exits;
    std::vector<exits::Location> locations;
    std::deque<exits::Unwinding> unwindings; // they stay where they are
    std::vector<exits::InlinedFrame> inlined;
    std::vector<uint64_t> constants;
    std::vector<Object*> references; // objects the code refers to, kept alive (owned)
    std::vector<Object*> names;      // those that are not (host::nameWeakly)
    std::shared_ptr<void> caches;    // hir::Function::caches
    int numSlots = 0;
    bool retired = false; // no new activation enters it
    // Made in the midst of a loop when the code had hardly been called: there is no entry at the
    // start, for the interpreter to get to know what stands before the loop.
    bool coldStart = false;
    uint64_t entryCount = 0;
    uint64_t compileMicroseconds = 0;
    uint64_t publishedAt = 0; // the process's CPU time then, in microseconds
    // By code unit, for code that is resumed often: the entry's distance from `base`, or 0.
    std::vector<uint32_t> entryOfUnit;
    void indexEntries(); // fills it
    PhaseMicroseconds phases{};
    const void* entryAt(int byteOffset) const; // null when it has no such entry
    // The same, when the entries are indexed.
    const void* indexedEntryAt(int byteOffset) const {
        auto unit = static_cast<size_t>(byteOffset) / kCodeUnitBytes;
        uint32_t distance = unit < entryOfUnit.size() ? entryOfUnit[unit] : 0;
        return distance != 0 ? base + distance : nullptr;
    }
};

// What is known to have failed at one bytecode site; the builder then uses a wider form.
struct SiteProfile {
    // How an attribute of objects of several classes is accessed; each speculates less.
    enum Width : uint8_t {
        kAsInterpreter, // by the interpreter's cache
        kByShapes,      // by the class's version, for those that were seen
        kAnyShape,      // the same, with a way for all others
        kNoShapes,
    };
    static constexpr size_t kMaxShapes = 4;
    uint16_t guardExits = 0;  // guard exits taken at this instruction
    uint16_t exitsBefore = 0; // those that were answered by speculating less
    bool generic = false;     // do not speculate here again
    Width width = kAsInterpreter;
    // An attribute's owner that was seen.
    struct Shape {
        uint32_t version = 0; // of its class
        // If its attributes are in a dict of its own: the entry where this one was, or one of those
        // below.
        int32_t entry = kInline;
        bool operator==(const Shape&) const = default;
    };
    static constexpr int32_t kInline = -1;
    static constexpr int32_t kNotInDict = -2;
    static constexpr int32_t kNoDict = -3; // no attributes at all
    static constexpr int32_t kVaries = -4; // instances of the class differ in that
    static constexpr int32_t kShared = -5; // in a dict that has the class's shared keys
    uint8_t numShapes = 0;
    std::array<Shape, kMaxShapes> shapes{};
    // Of two of the same version the later counts. More than can be remembered make the site wide.
    void addShape(Shape shape) {
        const auto end = shapes.begin() + numShapes;
        const auto same =
            std::find_if(shapes.begin(), end, [&](Shape s) { return s.version == shape.version; });
        if (shape.version == 0)
            return;
        if (same != end) {
            if (shape.entry != kInline && same->entry != kVaries)
                same->entry = shape.entry;
        } else if (numShapes < kMaxShapes) {
            shapes[numShapes++] = shape;
        } else {
            width = std::max(width, kAnyShape);
        }
    }
    bool hasSeen(uint32_t version) const {
        return std::any_of(shapes.begin(), shapes.begin() + numShapes,
                           [&](Shape s) { return s.version == version; });
    }
    bool seesVarying() const {
        return std::any_of(shapes.begin(), shapes.begin() + numShapes,
                           [](Shape s) { return s.entry == kVaries; });
    }
    void speculateLess() {
        generic = true;
        exitsBefore = guardExits;
        width = width == kNoShapes ? kNoShapes : static_cast<Width>(width + 1);
    }
    uint32_t handled = 0; // exceptions that the interpreter handled from here on
    // FOR_ITER: what was iterated over when the loop was entered from the interpreter.
    hir::ExactClass iterator = hir::ExactClass::kUnknown;
    // Operators and subscripts of which the interpreter says nothing: compiled code counts down to
    // 0, and looks at the operands then. From the top of the stack.
    int32_t probeCountdown = 0;
    enum class Probe : uint8_t { kNumbers, kSubscript, kTruth, kIterator } probe = Probe::kNumbers;
    bool probed = false;
    std::array<hir::ExactClass, 3> operands{};
};

// Versions of classes of which compiled code found instances that keep their attributes elsewhere
// than others do.
inline std::unordered_set<uint32_t>& varyingClasses() {
    static std::unordered_set<uint32_t> versions;
    return versions;
}

// What a local was, whenever a frame was looked at.
struct SeenLocal {
    hir::ExactClass exact = hir::ExactClass::kUnknown;
    bool varies = false;
    // Whether this is news that it varies.
    bool add(hir::ExactClass c) {
        const bool differs = !varies && exact != hir::ExactClass::kUnknown && exact != c;
        varies |= differs;
        exact = c;
        return differs;
    }
};

// What compiled code needs to make the frame of a direct call itself.
struct FrameShape {
    int32_t words = 0; // the frame's size on the data stack; 0: a helper has to make the frame
    int32_t slots = 0; // localsplus
};

// Found through the code object's co_extra. The first two fields are read by compiled code: a
// NativeEntry.
struct CodeData {
    const void* nativeFunction = nullptr; // for direct calls; null: not compiled
    const void* nativeEntry = nullptr;    // entry at the function's start
    FrameShape frame;
    const void* nativeResume = nullptr; // generators: the native function, if it may be entered
    // What else a call looks at, to be in the same cache line.
    bool simpleCalls = false;  // calls need no argument processing (the interpreter layer's word)
    bool isGenerator = false;  // generator, coroutine or asynchronous generator: entered at resumes
    bool hasLoops = false;     // has backward jumps that serve the eval breaker
    bool loopsPatched = false; // its loop edges stop the interpreter
    bool suppressed = false;   // by the user, or given up
    uint32_t calls = 0;        // interpreted calls seen
    Object* code = nullptr;    // borrowed (this dies with it)
    uint32_t codeUnits = 0;    // its size
    uint32_t callsBefore = 0;  // of `calls`, those that do not count any more (may be "negative")
    RunWindow callWindow;
    uint8_t timesAsked = 0; // while it waits in a CompileBatch
    // Globals and builtins of the frame for which it is being compiled; borrowed, null at other
    // times.
    Object* globals = nullptr;
    Object* builtins = nullptr;
    // Likewise: the classes of what is in its slots and on its stack, when it stands at the loop
    // header at this byte offset.
    std::vector<hir::ExactClass> seenClasses;
    int32_t seenOffset = -1;
    std::unique_ptr<CodeBlob> current;
    // Earlier versions; may still be running somewhere, so they live as long as the code object.
    std::vector<std::unique_ptr<CodeBlob>> retired;
    uint32_t loopEdges = 0; // interpreted loop edges that count, estimated from those seen
    uint32_t allEdges = 0;  // all of them, also those that a decision has used up
    RunWindow edgeWindow;
    uint32_t edgeWeight = 1; // edges that one seen stands for, see watchesLoopsNow()
    LoopSample loopSample;
    int watchedMagnitude = 0;       // number of bits of the calls at which loops were last watched;
                                    // negative: they are to be watched in the next call
    uint16_t versions = 0;          // compilations so far, but for
    uint16_t coldVersions = 0;      // those because something ran for the first time
    uint16_t shapeVersions = 0;     // of `versions`, those for useShapes()
    bool pathWasCold = false;       // the last version was retired for that, or what is like it
    uint16_t probingVersions = 0;   // compilations that asked for probes
    bool isDue = false;             // it is to be compiled in a few calls
    bool knowsMoreOperands = false; // probes found something since the last one
    int compilations() const { return versions + coldVersions; }
    std::vector<int32_t>
        osrOffsets; // loop headers and handlers that were entered from the interpreter
    std::unordered_map<int32_t, SiteProfile> sites; // by instruction byte offset
    std::vector<SeenLocal> seenLocals;              // by slot
    bool localsDiffered = false;  // since the last compilation, from what they had been
    bool isBeingCompiled = false; // on the compiler's own thread
    // References that are held meanwhile.
    const std::vector<Object*>* keptForCompilation = nullptr;
    std::string failure; // why compilation was given up, if it was
};

// While it lives, code is compiled for frames with these globals and builtins (borrowed).
class CompiledFor {
  public:
    CompiledFor(CodeData* data, Object* globals, Object* builtins) : data_(data) {
        data->globals = globals;
        data->builtins = builtins;
    }
    ~CompiledFor() { data_->globals = data_->builtins = nullptr; }
    CompiledFor(const CompiledFor&) = delete;
    CompiledFor& operator=(const CompiledFor&) = delete;

  private:
    CodeData* data_;
};

} // namespace pyston::runtime
