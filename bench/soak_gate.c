#include "soak.h"

void soak_gate_init(struct soak_gate *gate)
{
    *gate = (struct soak_gate){.inside = 0};
    pthread_mutex_init(&gate->mutex, NULL);
    pthread_cond_init(&gate->moved, NULL);
}

void soak_gate_done(struct soak_gate *gate)
{
    pthread_cond_destroy(&gate->moved);
    pthread_mutex_destroy(&gate->mutex);
}

int64_t soak_gate_enter(struct soak_gate *gate)
{
    int64_t lost;

    pthread_mutex_lock(&gate->mutex);
    while (gate->shut) {
        pthread_cond_wait(&gate->moved, &gate->mutex);
    }
    gate->inside += 1;
    lost = gate->lost_us;
    pthread_mutex_unlock(&gate->mutex);
    return lost;
}

void soak_gate_leave(struct soak_gate *gate)
{
    pthread_mutex_lock(&gate->mutex);
    gate->inside -= 1;
    pthread_cond_broadcast(&gate->moved);
    pthread_mutex_unlock(&gate->mutex);
}

void soak_gate_shut(struct soak_gate *gate)
{
    pthread_mutex_lock(&gate->mutex);
    gate->shut = true;
    gate->shut_at_us = soak_clock_us();
    while (gate->inside > 0) {
        pthread_cond_wait(&gate->moved, &gate->mutex);
    }
    pthread_mutex_unlock(&gate->mutex);
}

void soak_gate_open(struct soak_gate *gate)
{
    pthread_mutex_lock(&gate->mutex);
    gate->shut = false;
    gate->lost_us += soak_clock_us() - gate->shut_at_us;
    pthread_cond_broadcast(&gate->moved);
    pthread_mutex_unlock(&gate->mutex);
}
