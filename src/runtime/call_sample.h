// Samples of a program's calls, where most calls are not seen (they run without the frame
// evaluation hook). What a sample's calls count for makes up for those.
#pragma once

#include <cstdint>

namespace pyston::runtime {

// What an interpreted call counts for: more than one in a sample.
extern uint32_t callWeight;

// Counts a call that is seen: is it a part of a sample? With the last one the sample ends.
bool isInCallSample();

// A call that is not in a sample: does it begin one? On average, of 16 calls one does, and its
// calls weigh as many, and of 128 calls at last while samples have led to nothing that was
// compiled. (At random, so that it does not go in step with the program.)
bool beginsCallSample();

// What is seen from now on is a sample of some hundred calls, for all in so many nanoseconds. How
// many those are is told by the time that calls took in earlier samples.
void beginCallSample(uint64_t nanoseconds);
// Likewise, but until the loops that are watched were seen (endLook()), if that does not take
// longer. Its calls stand for themselves.
void beginLook();
void endLook();
// Ends these two, if they have not ended for want of calls.
void endLongCallSample();

void endCallSample();
// Was the last of these two so long ago that another one may begin? (Something was compiled since
// the last tick, or not.) To see calls costs time: they take longer with the hook, and what we do
// is not in the processor's caches at first.
bool mayBeginCallSample(bool hasCompiled);

} // namespace pyston::runtime
