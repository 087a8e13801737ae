/**
 * Prints the part of a compiled file that Node talks to: a context-aware addon without state of its own, so that every
 * worker thread may load the same file. It exports one function, which binds the program to memory.
 */

/**
 * C text to follow a printed program. `bind(bytes, arena, constants)` gives a function without arguments that runs it:
 * bytes a Uint8Array over all of the memory, arena and constants (a Float64Array) byte offsets in it.
 *
 * @param features what the file is compiled for, in GCC's names ("avx512f"): checked before any other code of it runs
 */
export function addonC(features: readonly string[]): string {
  const checks = features.map((name) => `  if (!__builtin_cpu_supports("${name}")) return "${name}";`);
  return `
#include <node_api.h>
#include <stdlib.h>
#if defined(__x86_64__)
#define BASELINE __attribute__((noinline, target("no-avx,no-bmi,no-bmi2")))
#else
#define BASELINE
#endif

/* Compiled for any CPU of the architecture, as is the initialization: it may run where the rest cannot. */
BASELINE static const char *missing_feature(void) {
#if defined(__x86_64__)
  __builtin_cpu_init();
#endif
${checks.join("\n")}
  return NULL;
}

typedef struct { char *arena; char *constants[]; } Binding;

static napi_value call_run(napi_env env, napi_callback_info info) {
  void *data;
  napi_get_cb_info(env, info, NULL, NULL, NULL, &data);
  run(((Binding *)data)->arena, ((Binding *)data)->constants);
  return NULL;
}

BASELINE static void release(napi_env env, void *data, void *hint) { (void)env; (void)hint; free(data); }

BASELINE static napi_value bind(napi_env env, napi_callback_info info) {
  size_t argc = 3, count = 0;
  napi_value args[3], function = NULL;
  void *bytes = NULL, *offsets = NULL;
  double arena = 0;
  napi_typedarray_type type;
  napi_get_cb_info(env, info, &argc, args, NULL, NULL);
  if (napi_get_typedarray_info(env, args[0], NULL, NULL, &bytes, NULL, NULL) != napi_ok ||
      napi_get_value_double(env, args[1], &arena) != napi_ok ||
      napi_get_typedarray_info(env, args[2], &type, &count, &offsets, NULL, NULL) != napi_ok ||
      type != napi_float64_array || bytes == NULL) {
    napi_throw_type_error(env, NULL, "bind(bytes, arena, constants): wrong arguments");
    return NULL;
  }
  Binding *binding = malloc(sizeof(Binding) + count * sizeof(char *));
  if (binding == NULL) { napi_throw_error(env, NULL, "bind: out of memory"); return NULL; }
  binding->arena = (char *)bytes + (size_t)arena;
  for (size_t i = 0; i < count; i++) binding->constants[i] = (char *)bytes + (size_t)((double *)offsets)[i];
  if (napi_create_function(env, "run", NAPI_AUTO_LENGTH, call_run, binding, &function) != napi_ok ||
      napi_add_finalizer(env, function, binding, release, NULL, NULL) != napi_ok) {
    free(binding);
    napi_throw_error(env, NULL, "bind: Node gives no function");
    return NULL;
  }
  return function;
}

BASELINE NAPI_MODULE_EXPORT napi_value napi_register_module_v1(napi_env env, napi_value exports) {
  const char *missing = missing_feature();
  if (missing != NULL) { napi_throw_error(env, "MISSING_FEATURE", missing); return NULL; }
  napi_value function;
  napi_create_function(env, "bind", NAPI_AUTO_LENGTH, bind, NULL, &function);
  napi_set_named_property(env, exports, "bind", function);
  return exports;
}
`;
}
