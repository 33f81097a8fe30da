# SPDX-License-Identifier: MIT
# One non-recursive Makefile. Out of tree: build/<arch>[-variant]/. `make help` lists the targets.
.DEFAULT_GOAL := all
MAKEFLAGS += --no-builtin-rules
.SUFFIXES:
.DELETE_ON_ERROR:

# ---- what to build with ---------------------------------------------------------------------------
CROSS    ?=
SANITIZE ?=
ifeq ($(origin CC),default)
CC       := $(CROSS)gcc
endif
HOSTCC   ?= cc
V        ?= 0
Q        := $(if $(filter 1,$(V)),,@)

# FUZZ=1 (`make fuzz` says it): the same tree for libFuzzer.
FUZZ     ?=
ifneq ($(FUZZ),)
SANITIZE := fuzzer-no-link,address,undefined
endif

ARCH     := $(firstword $(subst -, ,$(shell $(CC) -dumpmachine)))
COMPILER := $(if $(findstring clang,$(shell $(CC) --version | head -1)),clang,gcc)
comma    := ,
BUILD    := build/$(ARCH)$(if $(filter clang,$(COMPILER)),-clang)$(if $(FUZZ),-fuzz,$(if $(SANITIZE),-$(subst $(comma),-,$(SANITIZE))))

# Where packages of another architecture are unpacked as data.
DEPS_CROSS := build/deps/$(ARCH)

WARN     := -Wall -Wextra -Wshadow -Wconversion -Wstrict-prototypes -Wmissing-prototypes -Werror
CPPFLAGS += -I. -I$(BUILD) -D_GNU_SOURCE
CFLAGS   ?= -O2 -g
# The same bytes wherever the tree lies: debug information names it "." (compilers take its path from PWD).
export PWD := $(CURDIR)
MAP_TREE  = '-ffile-prefix-map=$(CURDIR)=.'
CFLAGS_ALL = -std=c11 $(WARN) -ffp-contract=off -fno-strict-aliasing -pthread $(CFLAGS) \
             $(if $(SANITIZE),-fsanitize=$(SANITIZE) -fno-sanitize-recover=all -fno-omit-frame-pointer)
LDLIBS_ALL = -lm -pthread $(LDLIBS)
LDFLAGS_ALL = $(LDFLAGS) $(if $(SANITIZE),-fsanitize=$(SANITIZE)) $(if $(CROSS),-static)

# ---- libraries: pkg-config where there is a .pc, a compile probe otherwise ------------------------
# A library that is missing is left out and said so; the sources that need it answer "unsupported".
try_header = $(shell printf '\043include <$(1)>\nint main(void){return 0;}\n' | $(CC) -x c - -o /dev/null $(2) 2>/dev/null && echo 1)
ifeq ($(CROSS),)
HAVE_HWLOC := $(shell pkg-config --exists hwloc 2>/dev/null && echo 1)
HAVE_PFM   := $(call try_header,perfmon/pfmlib_perf_event.h,-lpfm)
else
# libpfm4 of the other architecture: `make deps-cross` unpacks it as data; PFM_PREFIX=… names another place.
PFM_PREFIX ?= $(DEPS_CROSS)/usr
ifneq ($(wildcard $(PFM_PREFIX)/include/perfmon/pfmlib.h),)
PFM_FLAGS  := -isystem$(PFM_PREFIX)/include -L$(PFM_PREFIX)/lib/$(ARCH)-linux-gnu
endif
HAVE_HWLOC := $(call try_header,hwloc.h,-lhwloc)
HAVE_PFM   := $(call try_header,perfmon/pfmlib_perf_event.h,-static $(PFM_FLAGS) -lpfm)
endif
ifeq ($(HAVE_HWLOC),1)
CPPFLAGS   += -DHAVE_HWLOC=1
LDLIBS_ALL += $(if $(CROSS),-lhwloc,$(shell pkg-config --libs hwloc))
endif
ifeq ($(HAVE_PFM),1)
CPPFLAGS   += -DHAVE_PFM=1 $(filter -isystem%,$(PFM_FLAGS))
LDLIBS_ALL += $(filter -L%,$(PFM_FLAGS)) -lpfm
endif

# ---- sources --------------------------------------------------------------------------------------
SOURCES     := $(filter-out kernels/args_offsets.c,$(sort $(wildcard engine/*.c kernels/*.c probes/*.c experiments/*.c analysis/*.c)))
MAIN        := experiments/main.c
ASM_SOURCES := $(sort $(wildcard kernels/asm/$(ARCH)/*.S))
# kernels/reference_*.c hold the strict C reference; those named here are compiled again, freely
# optimized, once for each level: <op>__c_v3 and so on.
FREE_SOURCES  := kernels/reference_matmul.c kernels/reference_packed.c kernels/reference_attention.c kernels/reference_attention_pieces.c
FREE_FLAGS    := -O3 -ffp-contract=fast -fassociative-math -fno-signed-zeros -fno-trapping-math
FLAGS_c_v3    := -march=x86-64-v3
FLAGS_c_v4    := -march=x86-64-v4 -mprefer-vector-width=512
FLAGS_c_avx512vnni := -march=x86-64-v4 -mavx512vnni -mprefer-vector-width=512
FLAGS_c_neon    := -march=armv8-a
FLAGS_c_dotprod := -march=armv8.2-a+dotprod
LEVELS_x86_64  := c_v3 c_v4 c_avx512vnni
LEVELS_aarch64 := c_neon c_dotprod
FREE_PRESENT   := $(wildcard $(FREE_SOURCES))
FREE_OBJECTS   := $(foreach l,$(LEVELS_$(ARCH)),$(FREE_PRESENT:%.c=$(BUILD)/%.$(l).o))

OBJECTS  := $(SOURCES:%.c=$(BUILD)/%.o) $(ASM_SOURCES:%.S=$(BUILD)/%.o) $(FREE_OBJECTS)
LIBRARY  := $(BUILD)/libinferometer.a
BINARY   := $(BUILD)/inferometer
# What qemu-user loads to count: a shared object of ours, built where programs are not for another machine.
PLUGIN_SOURCES := $(wildcard probes/qemu/*.c) probes/instruction_class.c
PLUGIN   := $(if $(CROSS)$(SANITIZE),,$(BUILD)/inferometer_qemu.so)
TEST_SOURCES  := $(wildcard tests/*.c)
TEST_PROGRAMS := $(TEST_SOURCES:%.c=$(BUILD)/%)
# tests/check/*.c are the parts of check_kernels.
CHECK_SOURCES := $(wildcard tests/check/*.c)
# AVX-VNNI kernels are assembled again for it, with EVEX forms and the prefix evex_ (tests/check/evex.c).
EVEX_OBJECTS  := $(patsubst kernels/asm/%.S,$(BUILD)/tests/evex/%.o,$(wildcard kernels/asm/$(ARCH)/*__avxvnni*.S))
CHECK_OBJECTS := $(CHECK_SOURCES:%.c=$(BUILD)/%.o) $(EVEX_OBJECTS)
# tests/probes/*.c are the parts of check_probes.
PROBE_OBJECTS := $(patsubst %.c,$(BUILD)/%.o,$(wildcard tests/probes/*.c))
# tests/counts/*.c execute a yardstick step by step for check_counts.
COUNT_OBJECTS := $(patsubst %.c,$(BUILD)/%.o,$(wildcard tests/counts/*.c))
# tests/hostile/*.c make hostile files of good ones.
HOSTILE_OBJECTS := $(patsubst %.c,$(BUILD)/%.o,$(wildcard tests/hostile/*.c))
HOSTILE_CHECKS := $(BUILD)/tests/check_models $(BUILD)/tests/check_hostile $(BUILD)/tests/check_fuzz_regress
# tests/fuzz/: what is fuzzed, and replayed without libFuzzer by check_fuzz_regress.
FUZZ_OBJECTS  := $(patsubst %.c,$(BUILD)/%.o,$(filter-out %/libfuzzer.c,$(wildcard tests/fuzz/*.c)))
FUZZ_PROGRAMS := $(BUILD)/tests/fuzz_gguf $(BUILD)/tests/fuzz_protocol
FUZZ_CC       ?= clang
# tests/engine/golden.c is what the checks of the engine share.
ENGINE_CHECKS := $(BUILD)/tests/check_activations $(BUILD)/tests/check_logits $(BUILD)/tests/check_pack $(BUILD)/tests/check_contexts $(BUILD)/tests/check_models

.PHONY: all help demo test lint plots clean deps deps-cross FORCE
all: $(BINARY) $(PLUGIN) $(if $(CROSS)$(SANITIZE),,inferometer) ## build ./inferometer (CC=clang, CROSS=aarch64-linux-gnu-, SANITIZE=address,undefined, V=1)

inferometer: $(BINARY)
	$(Q)ln -sfn $(BINARY) $@

# ---- rules ----------------------------------------------------------------------------------------
# The stamp changes when compiler or flags do, and everything is rebuilt then.
FLAGS_TEXT = map-tree $(CC) $(shell $(CC) -dumpfullversion -dumpversion) $(CPPFLAGS) $(CFLAGS_ALL) $(LDFLAGS_ALL) $(LDLIBS_ALL) $(FREE_FLAGS)
$(BUILD)/flags.stamp: FORCE
	@mkdir -p $(@D)
	@printf '%s\n' '$(FLAGS_TEXT)' | cmp -s - $@ || printf '%s\n' '$(FLAGS_TEXT)' > $@
# The same as a string for run.csv.
$(BUILD)/build_flags.h: $(BUILD)/flags.stamp
	@printf '#define BUILD_FLAGS "%s"\n#define BUILD_FREE_FLAGS "%s"\n' '$(strip $(CC) $(CFLAGS_ALL))' '$(FREE_FLAGS)' > $@

$(BUILD)/args_offsets: kernels/args_offsets.c kernels/args.h kernels/args_fields.def $(BUILD)/flags.stamp
	@mkdir -p $(@D)
	$(Q)$(HOSTCC) -std=c11 -I. $< -o $@
$(BUILD)/args_offsets.h: $(BUILD)/args_offsets
	$(Q)$< > $@

$(BUILD)/%.o: %.c $(BUILD)/flags.stamp $(BUILD)/args_offsets.h $(BUILD)/build_flags.h
	@mkdir -p $(@D)
	@$(if $(Q),echo "  cc   $<")
	$(Q)$(CC) $(CPPFLAGS) $(CFLAGS_ALL) $(MAP_TREE) -MMD -MP -c $< -o $@
$(BUILD)/%.o: %.S $(BUILD)/flags.stamp $(BUILD)/args_offsets.h
	@mkdir -p $(@D)
	@$(if $(Q),echo "  as   $<")
	$(Q)$(CC) $(CPPFLAGS) $(MAP_TREE) -MMD -MP -c $< -o $@
	$(Q)$(CC) $(CPPFLAGS) -E -P $< -o $(@:.o=.s) # its marked loops, for llvm-mca
$(BUILD)/tests/evex/%.o: kernels/asm/%.S $(BUILD)/flags.stamp $(BUILD)/args_offsets.h
	@mkdir -p $(@D)
	@$(if $(Q),echo "  as   $< (evex)")
	$(Q)$(CC) $(CPPFLAGS) $(MAP_TREE) -DCHECK_VNNI_EVEX -MMD -MP -c $< -o $@ && objcopy --prefix-symbols=evex_ $@
define free_rule
$(BUILD)/%.$(1).o: %.c $(BUILD)/flags.stamp $(BUILD)/args_offsets.h
	@mkdir -p $$(@D)
	@$$(if $$(Q),echo "  cc   $$< ($(1))")
	$$(Q)$$(CC) $$(CPPFLAGS) $$(CFLAGS_ALL) $$(FREE_FLAGS) $$(FLAGS_$(1)) $$(MAP_TREE) -DVARIANT=$(1) -MMD -MP -c $$< -o $$@
endef
$(foreach l,$(LEVELS_$(ARCH)),$(eval $(call free_rule,$(l))))

$(LIBRARY): $(filter-out $(MAIN:%.c=$(BUILD)/%.o),$(OBJECTS))
	$(Q)rm -f $@ && $(CROSS)ar rcsD $@ $^
$(BINARY): $(MAIN:%.c=$(BUILD)/%.o) $(LIBRARY)
	@$(if $(Q),echo "  ld   $@")
	$(Q)$(CC) $(CFLAGS_ALL) $(LDFLAGS_ALL) $^ $(LDLIBS_ALL) -o $@
$(BUILD)/inferometer_qemu.so: $(PLUGIN_SOURCES) $(wildcard probes/qemu/*.h) probes/instruction_class.h probes/region_mark.h $(BUILD)/flags.stamp
	@$(if $(Q),echo "  ld   $@")
	$(Q)$(CC) -I. -D_GNU_SOURCE -std=c11 $(WARN) $(CFLAGS) $(MAP_TREE) -fPIC -shared -fvisibility=hidden $(PLUGIN_SOURCES) -o $@
$(BUILD)/tests/check_kernels: $(CHECK_OBJECTS)
$(BUILD)/tests/check_probes: $(PROBE_OBJECTS)
$(BUILD)/tests/check_counts: $(COUNT_OBJECTS)
$(ENGINE_CHECKS): $(BUILD)/tests/engine/golden.o
$(HOSTILE_CHECKS): $(HOSTILE_OBJECTS)
$(BUILD)/tests/check_fuzz_regress: $(FUZZ_OBJECTS)
$(FUZZ_PROGRAMS): $(BUILD)/tests/fuzz_%: tests/fuzz/libfuzzer.c $(FUZZ_OBJECTS) $(HOSTILE_OBJECTS) $(LIBRARY)
	@$(if $(Q),echo "  ld   $@")
	$(Q)$(CC) $(CPPFLAGS) $(CFLAGS_ALL) -DFUZZ_ENTRY=fuzz_$* $(LDFLAGS) -fsanitize=fuzzer $(filter %.c %.o,$^) $(LIBRARY) $(LDLIBS_ALL) -o $@
$(BUILD)/tests/%: $(BUILD)/tests/%.o $(LIBRARY)
	@$(if $(Q),echo "  ld   $@")
	$(Q)$(CC) $(CFLAGS_ALL) $(LDFLAGS_ALL) $(filter %.o,$^) $(LIBRARY) $(LDLIBS_ALL) -o $@
.SECONDARY:
-include $(OBJECTS:.o=.d) $(TEST_SOURCES:%.c=$(BUILD)/%.d) $(CHECK_OBJECTS:.o=.d) $(PROBE_OBJECTS:.o=.d) $(COUNT_OBJECTS:.o=.d) $(HOSTILE_OBJECTS:.o=.d) $(FUZZ_OBJECTS:.o=.d) $(BUILD)/tests/engine/golden.d

# ---- Debian packages ------------------------------------------------------------------------------
PACKAGES  := gcc libc6-dev make pkg-config libpfm4-dev libhwloc-dev gnuplot-nox cmake \
             gcc-aarch64-linux-gnu libc6-dev-arm64-cross qemu-user llvm-19 clang-format shellcheck
MISSING   = $(shell command -v dpkg-query >/dev/null && for p in $(PACKAGES); do \
              dpkg-query -W -f '$${Status}' $$p 2>/dev/null | grep -q '^install ok installed' || echo $$p; done)
SUDO      := $(if $(filter 0,$(shell id -u)),,sudo )
INSTALL   = $(SUDO)apt-get install -y --no-install-recommends $(MISSING)

deps: ## install the Debian packages that are missing (NO_INSTALL=1: only say which)
	$(Q)missing='$(strip $(MISSING))'; \
	if [ -z "$$missing" ]; then :; \
	elif [ -n '$(NO_INSTALL)' ]; then echo 'packages are missing; type: $(INSTALL)' >&2; exit 1; \
	else echo '  deps $(strip $(MISSING))'; \
	    { $(SUDO)apt-get update -qq && DEBIAN_FRONTEND=noninteractive $(INSTALL) -qq; } >/dev/null || \
	    { echo 'could not install; type: $(INSTALL)' >&2; exit 1; }; fi

deps-cross: ## fetch libpfm4 for the AArch64 build, unpacked as data under build/deps/ (event groups are checked with it)
	$(Q)bash tests/fetch_debian.sh arm64 build/deps/aarch64 libpfm4-dev

.PHONY: deps-vm
deps-vm: deps deps-cross ## install QEMU's system emulator and fetch an AArch64 kernel for the tests of counters in a VM
	$(Q)for tool in qemu-system-aarch64:qemu-system-arm cpio:cpio; do \
	    command -v $${tool%%:*} >/dev/null || echo $${tool#*:}; done | \
	    xargs -r $(SUDO)apt-get install -y -qq --no-install-recommends
	$(Q)rm -rf build/deps/vm && bash tests/fetch_debian.sh --depends arm64 build/deps/vm linux-image-cloud-arm64 && rm -rf build/deps/vm/usr build/deps/vm/lib

# ---- what people type -----------------------------------------------------------------------------
# Packages decide what is compiled in, so make starts anew once they are there.
demo: deps ## install what is missing, build, run the protocol three_regimes, draw its figures, write its page
	$(Q)$(MAKE) --no-print-directory all
	$(Q)run=$$(./inferometer run three_regimes) && echo "run      $$run" && \
	    ./inferometer plot three_regimes --from "$$run" --format svg --out build/figures && \
	    ./inferometer plot three_regimes --from "$$run" --format png --out build/figures && \
	    page=$$(./inferometer report three_regimes --from "$$run" --out build/figures) && echo "page     $$page"

HAVE_CROSS = $(shell command -v aarch64-linux-gnu-gcc >/dev/null && command -v qemu-aarch64 >/dev/null && echo 1)
CROSS_BUILD := build/aarch64
TEST_JOBS ?= $(shell nproc)
test: deps ## build and run every test through ctest (T=regex: only those whose name matches)
	$(Q)$(MAKE) --no-print-directory test-run

.PHONY: test-run test-programs
test-programs: all $(TEST_PROGRAMS)
test-run: test-programs
	$(Q)$(if $(and $(HAVE_CROSS),$(if $(CROSS)$(SANITIZE),,1)),$(MAKE) --no-print-directory CROSS=aarch64-linux-gnu- CC=aarch64-linux-gnu-gcc test-programs)
	$(Q)bash tests/ctest.sh $(BUILD) $(if $(and $(HAVE_CROSS),$(if $(CROSS)$(SANITIZE),,1)),$(CROSS_BUILD))
	$(Q)cd $(BUILD) && ctest --output-on-failure -j $(TEST_JOBS) $(if $(T),-R '$(T)')

# Needs more than the other targets: clang and its libFuzzer.
.PHONY: fuzz fuzz-run
fuzz: ## fuzz the readers of models and protocols, T=60 seconds each (needs clang, libclang-rt-14-dev)
	@printf '#include <stddef.h>\nint LLVMFuzzerTestOneInput(const unsigned char *p, size_t n);\nint LLVMFuzzerTestOneInput(const unsigned char *p, size_t n) { return (int)(n & 0) + !p * 0; }\n' | \
	    $(FUZZ_CC) -x c -fsanitize=fuzzer,address,undefined - -o /dev/null 2>/dev/null || \
	    { echo "make fuzz needs clang with libFuzzer: apt-get install clang libclang-rt-14-dev (FUZZ_CC=… names another clang)" >&2; exit 77; }
	$(Q)$(MAKE) --no-print-directory CC='$(FUZZ_CC)' FUZZ=1 fuzz-run
fuzz-run: $(FUZZ_PROGRAMS) $(BUILD)/tests/check_fuzz_regress
	$(Q)bash tests/fuzz/run.sh $(BUILD) $(or $(T),60) $(TARGETS)

.PHONY: mutants
mutants: test-programs ## does the checker see N=100 changes of single words of the .S files? (SEED=1)
	$(Q)$(MAKE) --no-print-directory CROSS=aarch64-linux-gnu- CC=aarch64-linux-gnu-gcc test-programs
	$(Q)bash tests/mutants/run.sh tests/mutants/campaign.csv $(or $(N),100) $(or $(SEED),1) && bash tests/mutants/table.sh --write

lint: ## check formatting, include rules, assembly files, scripts
	$(Q)bash tests/lint.sh

# When a kernel was meant to grow, or is new (the gate instructions/… of tests/check_sim.c names the row).
.PHONY: instruction-counts
instruction-counts: test-programs ## rewrite tests/instruction_counts.csv from what kernels execute now
	$(Q)$(if $(HAVE_CROSS),$(MAKE) --no-print-directory CROSS=aarch64-linux-gnu- CC=aarch64-linux-gnu-gcc all)
	$(Q)$(BUILD)/tests/check_sim --update

plots: all ## redraw the committed figures from the runs that analysis/*.run pin
	$(Q)bash analysis/redraw.sh

# ---- installation ---------------------------------------------------------------------------------
# What `inferometer` needs besides itself: what `list protocols`, embedded:… and `plot` read. The runs that
# analysis/*.run pin come along, so that `plot STEM` draws the committed figures.
PREFIX    ?= /usr/local
DESTDIR   ?=
RUNNER    ?= $(if $(CROSS),qemu-$(ARCH))
PINNED    = $(shell sed -n 's/^run //p' /dev/null $(wildcard analysis/*.run))
SHARED    = LICENSE $(sort $(wildcard engine/embedded/* protocols/*.md probes/events/*.group analysis/*.gp analysis/*.run results/schema.csv $(addsuffix /*,$(PINNED))))
DOCUMENTS := $(BUILD)/inferometer.1 $(BUILD)/inferometer.bash $(BUILD)/_inferometer
TABLES    := experiments/verbs.def experiments/flags.def experiments/help.def experiments/words.def
.PHONY: install uninstall documents

documents: $(DOCUMENTS)
$(BUILD)/inferometer.1: WHAT = man $(shell git log -1 --format=%cs -- $(TABLES) 2>/dev/null)
$(BUILD)/inferometer.bash: WHAT = bash
$(BUILD)/_inferometer: WHAT = zsh
$(DOCUMENTS): $(BINARY)
	$(Q)$(RUNNER) $(BINARY) document $(WHAT) > $@
$(BUILD)/installed: FORCE
	@printf 'commit %s\ndirty %s\n' "$$(git rev-parse HEAD 2>/dev/null)" \
	    "$$([ -z "$$(git status --porcelain -- . ':!results' 2>/dev/null)" ] && echo no || echo yes)" > $@

install: all $(DOCUMENTS) $(BUILD)/installed $(BUILD)/tests/check_kernels ## install under PREFIX=/usr/local (DESTDIR=…): program, protocols, model, man page, completions
	$(Q)printf '%s %s %s\n' 755 $(BINARY) bin/inferometer $(if $(PLUGIN),755 $(PLUGIN) lib/inferometer/inferometer_qemu.so) 644 $(BUILD)/installed share/inferometer/installed \
	    755 $(BUILD)/tests/check_kernels libexec/inferometer/check_kernels \
	    $(foreach f,$(SHARED),644 $(f) share/inferometer/$(f)) \
	    644 $(BUILD)/inferometer.1 share/man/man1/inferometer.1 \
	    644 $(BUILD)/inferometer.bash share/bash-completion/completions/inferometer \
	    644 $(BUILD)/_inferometer share/zsh/site-functions/_inferometer | \
	    bash experiments/install.sh install '$(DESTDIR)$(PREFIX)'
	@echo '  installed $(DESTDIR)$(PREFIX)/bin/inferometer'

uninstall: ## remove what `make install` put there, and nothing else
	$(Q)bash experiments/install.sh uninstall '$(DESTDIR)$(PREFIX)'

help: ## this list
	@sed -n 's/^\([a-z-]*\):[^#]*## \(.*\)/  make \1\t\2/p' $(firstword $(MAKEFILE_LIST)) | expand -t 18

clean: ## remove everything that was built
	rm -rf build inferometer
