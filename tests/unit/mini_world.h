// A toy of the interpreter's world, for checking whole compilations of HIR: objects with reference
// counts and finalizers, opaque calls that change things behind the compiler's back, and a trace of
// everything that a program could observe.
#pragma once

#include <array>
#include <bit>
#include <cmath>
#include <cstdint>
#include <cstdio>
#include <map>
#include <memory>
#include <stdexcept>
#include <string>
#include <vector>

namespace pyston::mini {

struct Object {
    enum Kind {
        kNone,
        kBool,
        kInt,
        kBig,
        kFloat,
        kCell,
        kTuple,
        kList,
        kTupleIterator,
        kListIterator,
        kInstance,
    } kind = kNone;
    int64_t value = 0; // ints and bools; of an iterator, the next item's index
    double number = 0; // floats
    int serial = 0;    // what is told apart
    bool hasDict = false;
    bool immortal = false;
    bool dead = false;
    int64_t references = 1;
    // Of a list or tuple; the two inline values of an instance; what a cell holds, or null; what an
    // iterator iterates over, or null where it has ended.
    std::vector<Object*> items;
};

inline uint64_t hash(uint64_t n) {
    n = (n ^ (n >> 31)) * 0x9e3779b97f4a7c15u;
    n = (n ^ (n >> 27)) * 0xbf58476d1ce4e5b9u;
    return n ^ (n >> 30);
}

// A function's frame: its memory is the interpreter's, a mere view while compiled code runs.
struct Frame {
    std::vector<Object*> slots;
    int offset = 0;
    int function = 0;  // index into Program::functions
    int returnsTo = 0; // index into the caller's code, behind the call
};

struct Failure : std::runtime_error {
    using std::runtime_error::runtime_error;
};

class World {
  public:
    World(uint64_t seed, bool counting) : counting(counting), seed_(seed) {}

    // --- objects

    Object* make(Object::Kind kind, int64_t value = 0) {
        objects_.push_back(std::make_unique<Object>());
        Object* object = objects_.back().get();
        object->kind = kind;
        object->value = value;
        if (kind >= Object::kCell) {
            object->serial = nextSerial_++;
        }
        return object;
    }
    Object* immortal(Object::Kind kind, int64_t value = 0) {
        Object*& object = immortals_[{kind, value}];
        if (!object) {
            object = make(kind, value);
            object->immortal = true;
        }
        return object;
    }
    Object* makeFloat(double number) {
        Object* object = make(Object::kFloat);
        object->number = number;
        return object;
    }
    Object* immortalFloat(double number) {
        Object* object = immortal(Object::kFloat, std::bit_cast<int64_t>(number));
        object->number = number;
        return object;
    }
    Object* none() { return immortal(Object::kNone); }
    Object* boolean(bool b) { return immortal(Object::kBool, b); }
    Object* newInstance() {
        Object* instance = make(Object::kInstance);
        instance->items = {none(), make(Object::kInt, instance->serial)};
        return instance;
    }

    // --- references

    Object* alive(Object* object) const {
        if (object && object->dead) {
            throw Failure("use of a dead object " + describe(object));
        }
        return object;
    }
    Object* incref(Object* object) {
        if (counting && alive(object) && !object->immortal) {
            object->references++;
        }
        return object;
    }
    bool decrefToZero(Object* object) {
        if (!counting || object->immortal) {
            return false;
        }
        alive(object);
        return --object->references == 0;
    }
    void decref(Object* object) {
        if (object && decrefToZero(object)) {
            kill(object);
        }
    }
    // Frees an object without references; a finalizer looks at the frame.
    void kill(Object* object) {
        object->references = 1; // resurrected while the finalizer runs, as in CPython
        if (object->kind == Object::kInstance) {
            note("die " + describe(object) + frame());
        }
        object->references = 0;
        object->dead = true;
        for (Object* item : object->items) {
            decref(item);
        }
    }

    // --- observation

    std::string describe(const Object* object) const {
        if (!object) {
            return "NULL";
        }
        switch (object->kind) {
        case Object::kNone:
            return "None";
        case Object::kBool:
            return object->value ? "True" : "False";
        case Object::kInt:
            return std::to_string(object->value);
        case Object::kBig:
            return "big";
        case Object::kFloat:
            return describe(object->number);
        case Object::kCell:
            return "cell" + std::to_string(object->serial);
        case Object::kTuple:
            return "tuple" + std::to_string(object->serial);
        case Object::kList:
            return "list" + std::to_string(object->serial);
        case Object::kTupleIterator:
        case Object::kListIterator:
            return "iterator" + std::to_string(object->serial);
        case Object::kInstance:
            return "obj" + std::to_string(object->serial);
        }
        return "?";
    }
    static std::string describe(double number) {
        if (std::isnan(number)) {
            return "nan"; // of which sign nobody knows
        }
        char text[40];
        std::snprintf(text, sizeof text, "%a", number);
        return text;
    }
    void note(std::string event) { trace.push_back(std::move(event)); }
    // What somebody sees who looks at the frames now.
    std::string frame() const {
        if (frameGone) {
            return " [gone]";
        }
        std::string text = " [";
        for (const Frame& frame : frames) {
            text += &frame == &frames[0] ? "@" : " | @";
            text += std::to_string(frame.offset);
            for (const Object* slot : frame.slots) {
                text += (slot && slot->dead ? " DEAD:" : " ") + describe(slot);
            }
        }
        return text + "]";
    }

    // --- operations

    static bool same(const Object* a, const Object* b) {
        if (a == b) {
            return true;
        }
        // Numbers that were unboxed on the way are not the same objects any more.
        if (!a || !b || a->kind != b->kind) {
            return false;
        }
        return (a->kind == Object::kInt && a->value == b->value) ||
               (a->kind == Object::kFloat && describe(a->number) == describe(b->number));
    }

    // Changes something, or nothing, and returns a new reference to something.
    Object* opaque(const std::string& what, Object* a, Object* b) {
        alive(a);
        alive(b);
        note(what + " " + describe(a) + " " + describe(b) + frame());
        uint64_t h = hash(seed_ + ++calls_ * 1000003);
        uint64_t change = hash(h);
        if (a->kind == Object::kList && !a->items.empty() && change % 2) {
            size_t index = change / 2 % a->items.size();
            swap(a->items[index], make(Object::kInt, static_cast<int64_t>(change / 64 % 10)));
        }
        if (a->kind == Object::kCell && change / 16 % 2) {
            swap(a->items[0], change / 32 % 4 == 0 ? nullptr : newInstance());
        }
        if (b->kind == Object::kInstance && change / 16 % 2) {
            swap(b->items[change / 32 % 2],
                 make(Object::kInt, static_cast<int64_t>(change / 64 % 10)));
        }
        switch (h % 10) {
        case 0:
            return newInstance();
        case 1:
            return make(Object::kInt, static_cast<int64_t>(h / 16 % 100));
        case 2:
            if (a->kind == Object::kList && !a->items.empty()) {
                swap(a->items[0], newInstance());
            }
            return incref(a);
        case 3:
            if (b->kind == Object::kInstance) {
                swap(b->items[h / 16 % 2], make(Object::kInt, static_cast<int64_t>(h / 64 % 100)));
            }
            return incref(b);
        case 4:
            typeVersion += h / 16 % 4 == 0;
            return boolean(h / 256 % 2);
        case 5:
            if (b->kind == Object::kInstance && h / 16 % 8 == 0) {
                b->hasDict = true;
            }
            return make(Object::kInt, static_cast<int64_t>(h / 256));
        case 6:
            if (a->kind == Object::kList) {
                a->items.push_back(incref(b));
            }
            return none();
        case 7:
            if (a->kind == Object::kList && a->items.size() > 1) {
                Object* last = a->items.back();
                a->items.pop_back();
                decref(last);
            }
            return incref(b);
        case 8:
            return makeFloat(static_cast<double>(h / 16 % 9) / 2 - 1);
        default:
            return newInstance();
        }
    }
    void swap(Object*& place, Object* value) {
        Object* old = place;
        place = value;
        decref(old);
    }
    static bool isIterator(const Object* object) {
        return object->kind == Object::kListIterator || object->kind == Object::kTupleIterator;
    }
    // A new reference. What cannot be iterated over has no items.
    Object* iterate(Object* object) {
        if (isIterator(alive(object))) {
            return incref(object);
        }
        const bool isTuple = object->kind == Object::kTuple;
        Object* iterator = make(isTuple ? Object::kTupleIterator : Object::kListIterator);
        const bool isSequence = isTuple || object->kind == Object::kList;
        iterator->items = {isSequence ? incref(object) : nullptr};
        return iterator;
    }
    static int64_t itemsLeft(const Object* iterator) {
        const Object* sequence = iterator->items[0];
        return sequence ? static_cast<int64_t>(sequence->items.size()) - iterator->value : 0;
    }
    // Without a reference; there is one.
    static Object* takeItem(Object* iterator) {
        return iterator->items[0]->items[static_cast<size_t>(iterator->value++)];
    }
    // A new reference, or null.
    Object* next(Object* iterator) {
        if (!isIterator(alive(iterator))) {
            note("next " + describe(iterator) + frame());
            return nullptr;
        }
        if (itemsLeft(iterator) > 0) {
            return incref(takeItem(iterator));
        }
        swap(iterator->items[0], nullptr);
        return nullptr;
    }
    bool breakerSet() { return hash(seed_ * 31 + ++checks_) % 4 == 0; }
    void servePending() { note("pending" + frame()); }
    // Whether there are not enough levels left for a call.
    bool recursionEnds() { return hash(seed_ * 41 + ++guards_) % 8 == 0; }
    // Whether what was pending began to trace.
    bool tracingBegan() const { return hash(seed_ * 37 + checks_) % 3 == 0; }

    bool truth(Object* object) {
        alive(object);
        if (object->kind == Object::kInt || object->kind == Object::kBool) {
            return object->value != 0;
        }
        if (object->kind == Object::kFloat) {
            return object->number != 0;
        }
        if (object->kind == Object::kNone) {
            return false;
        }
        note("truth " + describe(object) + frame());
        return hash(seed_ + ++calls_) % 2;
    }
    bool less(Object* a, Object* b) {
        alive(a);
        alive(b);
        if (a->kind == Object::kInt && b->kind == Object::kInt) {
            return a->value < b->value;
        }
        if (isReal(a) && isReal(b)) {
            return toReal(a) < toReal(b);
        }
        note("less " + describe(a) + " " + describe(b) + frame());
        return hash(seed_ + ++calls_) % 2;
    }
    // Of ints and floats, exactly.
    static bool isReal(const Object* o) {
        return o->kind == Object::kInt || o->kind == Object::kFloat;
    }
    static long double toReal(const Object* o) {
        return o->kind == Object::kFloat ? static_cast<long double>(o->number)
                                         : static_cast<long double>(o->value);
    }
    // Operators: '+' '-' '*' '/' (floor, but not of floats) '%' '&' '<'
    Object* arithmetic(char op, Object* a, Object* b) {
        alive(a);
        alive(b);
        auto isNumber = [](const Object* o) {
            return o->kind == Object::kInt || o->kind == Object::kBig;
        };
        if (isNumber(a) && isNumber(b) && (a->kind == Object::kBig || b->kind == Object::kBig)) {
            return make(Object::kBig); // nobody can tell when it is computed
        }
        const bool isFloat = a->kind == Object::kFloat || b->kind == Object::kFloat;
        if (isFloat && isReal(a) && isReal(b) && std::string("+-*/").find(op) != std::string::npos)
            return floatArithmetic(op, static_cast<double>(toReal(a)),
                                   static_cast<double>(toReal(b)));
        if (a->kind != Object::kInt || b->kind != Object::kInt) {
            return opaque(std::string("binary") + op, a, b);
        }
        __int128 x = a->value;
        __int128 y = b->value;
        __int128 r = 0;
        switch (op) {
        case '+':
            r = x + y;
            break;
        case '-':
            r = x - y;
            break;
        case '*':
            r = x * y;
            break;
        case '&':
            r = x & y;
            break;
        case '/':
        case '%':
            if (y == 0) {
                return none();
            }
            r = x % y;
            if (r != 0 && (r < 0) != (y < 0)) {
                r += y;
            }
            r = op == '%' ? r : (x - r) / y;
            break;
        case '<':
            if (y < 0 || y > 100) {
                return none();
            }
            r = y > 62 && x != 0 ? static_cast<__int128>(INT64_MAX) + 1 : x << (y > 62 ? 0 : y);
            break;
        }
        bool fits = r >= INT64_MIN && r <= INT64_MAX;
        return fits ? make(Object::kInt, static_cast<int64_t>(r)) : make(Object::kBig);
    }

    Object* floatArithmetic(char op, double x, double y) {
        switch (op) {
        case '+':
            return makeFloat(x + y);
        case '-':
            return makeFloat(x - y);
        case '*':
            return makeFloat(x * y);
        default:
            return y == 0 ? none() : makeFloat(x / y);
        }
    }

    // Every object's count must be what the heap and `held` (one entry per reference) explain.
    void audit(const std::vector<Object*>& held) const {
        std::map<const Object*, int64_t> expected;
        for (const auto& object : objects_) {
            for (const Object* item : object->dead ? std::vector<Object*>() : object->items) {
                expected[item]++;
            }
        }
        for (const Object* object : held) {
            expected[object]++;
        }
        for (const auto& object : objects_) {
            if (object->immortal || object->dead) {
                continue;
            }
            if (expected[object.get()] != object->references) {
                throw Failure(describe(object.get()) + " has " +
                              std::to_string(object->references) + " references, not " +
                              std::to_string(expected[object.get()]));
            }
        }
    }

    bool counting;
    int64_t typeVersion = 1;
    std::vector<std::string> trace;
    std::vector<Frame> frames = {{}}; // the outermost first
    bool frameGone = false;           // the outermost one

  private:
    uint64_t seed_;
    uint64_t calls_ = 0;
    uint64_t checks_ = 0;
    uint64_t guards_ = 0; // only compiled code counts these
    int nextSerial_ = 0;
    std::vector<std::unique_ptr<Object>> objects_;
    std::map<std::pair<int, int64_t>, Object*> immortals_;
};

} // namespace pyston::mini
