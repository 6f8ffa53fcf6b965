/* Raw LMDB, as a program without Sarn would use it: one database, integer keys in
 * order, default durability. */
#include <lmdb.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "bench.h"

#define RAW_MAP_BYTES   (UINT64_C(1) << 40)
#define RAW_VALUE_BYTES 65536u

struct bench_raw {
    MDB_env *env;
    MDB_dbi dbi;
    uint64_t next;
    char value[RAW_VALUE_BYTES];
};

static void must(int code, const char *what)
{
    if (code != 0) {
        fprintf(stderr, "sarn-bench: raw LMDB: %s: %s\n", what, mdb_strerror(code));
        exit(2);
    }
}

struct bench_raw *bench_raw_open(const struct bench *bench, const char *name)
{
    struct bench_raw *raw = calloc(1, sizeof(*raw));
    char path[BENCH_PATH_BYTES];
    MDB_txn *txn;

    if (raw == NULL) {
        fprintf(stderr, "sarn-bench: out of memory\n");
        exit(2);
    }
    bench_path(bench, name, path);
    must(mdb_env_create(&raw->env), "create");
    must(mdb_env_set_mapsize(raw->env, RAW_MAP_BYTES), "map size");
    must(mdb_env_set_maxdbs(raw->env, 4), "databases");
    must(mdb_env_open(raw->env, path, MDB_NOSUBDIR | MDB_NOTLS, 0644), "open");
    must(mdb_txn_begin(raw->env, NULL, 0, &txn), "begin");
    must(mdb_dbi_open(txn, "events", MDB_CREATE | MDB_INTEGERKEY, &raw->dbi),
         "database");
    must(mdb_txn_commit(txn), "commit");
    raw->next = 1;
    memset(raw->value, 'x', sizeof(raw->value));
    return raw;
}

void bench_raw_commit(struct bench_raw *raw, uint32_t count, uint32_t size)
{
    MDB_txn *txn;
    MDB_cursor *cursor;

    must(size <= RAW_VALUE_BYTES ? 0 : MDB_BAD_VALSIZE, "record");
    must(mdb_txn_begin(raw->env, NULL, 0, &txn), "begin");
    must(mdb_cursor_open(txn, raw->dbi, &cursor), "cursor");
    for (uint32_t i = 0; i < count; i++) {
        size_t position = raw->next++;
        MDB_val key = {sizeof(position), &position};
        MDB_val value = {size, raw->value};

        must(mdb_cursor_put(cursor, &key, &value, MDB_APPEND), "put");
    }
    mdb_cursor_close(cursor);
    must(mdb_txn_commit(txn), "commit");
}

void bench_raw_close(struct bench_raw *raw)
{
    mdb_env_close(raw->env);
    free(raw);
}

uint64_t bench_raw_sum(const struct bench *bench, const char *name, uint64_t *records)
{
    char path[BENCH_PATH_BYTES];
    MDB_env *env;
    MDB_txn *txn;
    MDB_dbi dbi;
    MDB_cursor *cursor;
    MDB_val key, value;
    uint64_t sum = 0;

    bench_path(bench, name, path);
    must(mdb_env_create(&env), "create");
    must(mdb_env_set_mapsize(env, RAW_MAP_BYTES), "map size");
    must(mdb_env_set_maxdbs(env, 8), "databases");
    must(mdb_env_open(env, path, MDB_NOSUBDIR | MDB_NOTLS | MDB_RDONLY, 0644), "open");
    must(mdb_txn_begin(env, NULL, MDB_RDONLY, &txn), "begin");
    must(mdb_dbi_open(txn, "events", MDB_INTEGERKEY, &dbi), "database");
    must(mdb_cursor_open(txn, dbi, &cursor), "cursor");
    *records = 0;
    while (mdb_cursor_get(cursor, &key, &value, MDB_NEXT) == 0) {
        const unsigned char *bytes = value.mv_data;

        for (size_t i = 0; i < value.mv_size; i++) {
            sum += bytes[i];
        }
        *records += 1;
    }
    mdb_cursor_close(cursor);
    mdb_txn_abort(txn);
    mdb_env_close(env);
    return sum;
}
